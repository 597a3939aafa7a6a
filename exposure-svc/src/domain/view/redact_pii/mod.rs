//! `redact_pii`: what names a person in a text gives way to the kind of thing it was (docs/exposure.md).
//!
//! One pass over the text finds candidates; what each of them is, if anything, is decided by its checksum, its numbering plan
//! or its shape, and by the words before it.

mod candidates;
mod card;
mod context;
mod digit_groups;
mod iban;
mod ip_address;
mod phone;
mod ssn;

use std::{borrow::Cow, ops::Range};

use candidates::{Candidate, Candidates, parts_an_account};
use digit_groups::DigitGroups;

/// Bytes in the shortest number that is looked for, an IPv4 address: `1.1.1.1`.
const SHORTEST: usize = 7;

/// The kinds of things that are taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pii {
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// The number of a payment card.
    Card,
    /// An international bank account number.
    Iban,
    /// An IPv4 or IPv6 address.
    IpAddress,
    /// A US social security number.
    Ssn,
}

/// Something that was found in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it is.
    pub kind: Pii,
    /// Where it stands, in bytes.
    pub place: Range<usize>,
}

impl Pii {
    /// What stands in its place.
    pub fn placeholder(self) -> &'static str {
        match self {
            Self::Email => "[EMAIL]",
            Self::Phone => "[PHONE]",
            Self::Card => "[CARD]",
            Self::Iban => "[IBAN]",
            Self::IpAddress => "[IP_ADDRESS]",
            Self::Ssn => "[SSN]",
        }
    }
}

/// The text with everything that was found in it taken out.
pub fn redact_pii(text: &str) -> Cow<'_, str> {
    let found = find_pii(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut redacted = String::with_capacity(text.len());
    let mut from = 0;
    for Found { kind, place } in found {
        redacted.push_str(text.get(from..place.start).unwrap_or_default());
        redacted.push_str(kind.placeholder());
        from = place.end;
    }
    redacted.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(redacted)
}

/// What is to be taken out of a text, in order, nothing over anything else.
pub fn find_pii(text: &str) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut candidates = Candidates::new(text);
    while let Some(candidate) = candidates.next() {
        match candidate {
            Candidate::Address(place) => {
                // A number that stands in the name of the address is part of it.
                while found.last().is_some_and(|last| last.place.end > place.start) {
                    found.pop();
                }
                candidates.take(place.end);
                found.push(Found { kind: Pii::Email, place });
            }
            Candidate::Colons(place) => {
                if let Some(place) = ip_address::version_6(text, &place) {
                    candidates.take(place.end);
                    found.push(Found { kind: Pii::IpAddress, place });
                }
            }
            Candidate::Account(place) => {
                if let Some(place) = iban::iban(text, &place) {
                    candidates.take(place.end);
                    found.push(Found { kind: Pii::Iban, place });
                } else {
                    candidates.go_on(after_first_word(text, &place));
                }
            }
            Candidate::Digits(place) => {
                let end = place.end;
                let numbers = numbers(text, place);
                if let Some(last) = numbers.last() {
                    candidates.take(last.place.end);
                }
                candidates.go_on(end);
                found.extend(numbers);
            }
        }
    }
    found
}

/// A number, or several side by side.
fn numbers(text: &str, place: Range<usize>) -> Vec<Found> {
    let mut found = Vec::new();
    // Fewer digits than any number has.
    if place.len() < SHORTEST {
        return found;
    }
    let groups = DigitGroups::new(text, place);
    let mut first = 0;
    while first < groups.len() {
        match number_at(&groups, first) {
            Some((kind, after, place)) => {
                found.push(Found { kind, place });
                first = after;
            }
            None => first += 1,
        }
    }
    found
}

/// The longest number that begins with this group, what it is, and the group after it.
fn number_at(groups: &DigitGroups<'_>, first: usize) -> Option<(Pii, usize, Range<usize>)> {
    if !groups.may_begin(first) {
        return None;
    }
    for after in (first + 1..=groups.longest(first)).rev() {
        let window = groups.window(first, after);
        let kind = if !window.may_end() {
            None
        } else if ip_address::is_version_4(&window) {
            Some(Pii::IpAddress)
        } else if card::is_card(&window) {
            Some(Pii::Card)
        } else if ssn::is_ssn(&window) {
            Some(Pii::Ssn)
        } else if phone::is_phone(&window) {
            Some(Pii::Phone)
        } else {
            None
        };
        if let Some(kind) = kind {
            return Some((kind, after, window.place()));
        }
    }
    None
}

fn after_first_word(text: &str, place: &Range<usize>) -> usize {
    let candidate = text.get(place.clone()).unwrap_or_default();
    place.start + candidate.find(parts_an_account).unwrap_or(candidate.len())
}
