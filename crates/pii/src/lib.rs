//! `redact_pii`: replaces personal data in a text by its kind (docs/exposure.md).
//!
//! The text is searched in a [normalized](normalized) form. One pass over it finds candidates by their own shape, wherever they are;
//! what each of them is, if anything, is decided by its checksum, its numbering plan or its shape. A candidate is rejected only
//! on evidence that it is something else.

mod candidates;
mod card;
mod characters;
mod context;
mod digit_groups;
mod email;
mod iban;
mod ip_address;
mod normalized;
mod phone;
mod ssn;
mod url_path;
mod words;

use std::{borrow::Cow, ops::Range};

use self::{
    candidates::{Candidate, Candidates},
    digit_groups::{Sequence, Window},
    iban::parts_an_account,
    normalized::Normalized,
    phone::Surroundings,
    url_path::UrlPath,
};

/// The kinds of personal data.
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
    /// The kind.
    pub kind: Pii,
    /// The range in bytes.
    pub place: Range<usize>,
}

impl Pii {
    /// The replacement.
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

/// The text with all matches replaced.
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

/// The matches in a text, in order and without overlaps.
pub fn find_pii(text: &str) -> Vec<Found> {
    let normalized = Normalized::new(text);
    let mut found = search(&normalized);
    for Found { place, .. } in &mut found {
        *place = normalized.place(place.start, place.end);
    }
    found
}

/// The matches in the normalized text.
fn search(normalized: &Normalized<'_>) -> Vec<Found> {
    let text = normalized.text();
    let mut found: Vec<Found> = Vec::new();
    let mut candidates = Candidates::new(normalized);
    let mut url_path = UrlPath::new(text);
    // The end of a rejected account number.
    let mut mistyped_to = 0;
    while let Some(candidate) = candidates.next() {
        match candidate {
            Candidate::Address(place) => {
                // A number in the name of the address is part of it.
                while found.last().is_some_and(|last| last.place.end > place.start) {
                    found.pop();
                }
                candidates.take(place.end);
                found.push(Found { kind: Pii::Email, place });
            }
            Candidate::Address6(place) => {
                while found.last().is_some_and(|last| last.place.end > place.start) {
                    found.pop();
                }
                candidates.take(place.end);
                found.push(Found { kind: Pii::IpAddress, place });
            }
            Candidate::Account(place) => {
                if let Some(place) = iban::iban(text, &place) {
                    candidates.take(place.end);
                    found.push(Found { kind: Pii::Iban, place });
                } else {
                    mistyped_to = mistyped_to.max(iban::mistyped(text, &place).unwrap_or_default());
                    // The letters may be the end of a label: `SSN219-09-9998`.
                    match Sequence::new(normalized, place.start + 2, place.start) {
                        Ok(sequence) => digits(&sequence, &mut candidates, &mut url_path, mistyped_to, &mut found),
                        Err(_) => candidates.go_on(after_first_word(text, &place)),
                    }
                }
            }
            Candidate::Digits(sequence) => digits(&sequence, &mut candidates, &mut url_path, mistyped_to, &mut found),
        }
    }
    found
}

/// Adds the numbers in a sequence of groups to the matches.
fn digits(
    sequence: &Sequence<'_>,
    candidates: &mut Candidates<'_>,
    url_path: &mut UrlPath<'_>,
    mistyped_to: usize,
    found: &mut Vec<Found>,
) {
    let numbers = numbers(sequence, |place| {
        if place < mistyped_to || url_path.contains(place) { Surroundings::OfAnother } else { Surroundings::Text }
    });
    if let Some(last) = numbers.last() {
        candidates.take(last.place.end);
    }
    candidates.go_on(sequence.end());
    found.extend(numbers);
}

/// The numbers in a sequence of groups.
fn numbers(sequence: &Sequence<'_>, mut surroundings: impl FnMut(usize) -> Surroundings) -> Vec<Found> {
    let mut found = Vec::new();
    let mut first = 0;
    while first < sequence.len() {
        match number_at(sequence, first, &mut surroundings) {
            Some((kind, number)) => {
                found.push(Found { kind, place: number.place() });
                first = number.after();
                sequence.take_to(first);
            }
            None => first += 1,
        }
    }
    found
}

/// The number that begins with this group, and its kind.
fn number_at<'a>(
    sequence: &'a Sequence<'a>,
    first: usize,
    surroundings: &mut impl FnMut(usize) -> Surroundings,
) -> Option<(Pii, Window<'a>)> {
    if !sequence.may_begin(first) {
        return None;
    }
    if let Some(card) = card::card(sequence, first) {
        return Some((Pii::Card, card));
    }
    if let Some(address) = ip_address::version_4(sequence, first) {
        return Some((Pii::IpAddress, address));
    }
    let begins = sequence.window(first, first + 1).place().start;
    if let Some(ssn) = ssn::ssn(sequence, first)
        && surroundings(begins) == Surroundings::Text
    {
        return Some((Pii::Ssn, ssn));
    }
    phone::phone(sequence, first, || surroundings(begins)).map(|phone| (Pii::Phone, phone))
}

fn after_first_word(text: &str, place: &Range<usize>) -> usize {
    let candidate = text.get(place.clone()).unwrap_or_default();
    place.start + candidate.find(parts_an_account).unwrap_or(candidate.len())
}
