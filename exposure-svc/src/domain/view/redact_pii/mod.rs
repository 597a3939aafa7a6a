//! `redact_pii`: what names a person in a text gives way to the kind of thing it was (docs/exposure.md).
//!
//! One regular expression finds candidates; what each of them is, if anything, is decided by its checksum, its numbering plan
//! or its shape, and by the words before it.

mod card;
mod context;
mod digit_groups;
mod iban;
mod ip_address;
mod phone;
mod ssn;

use std::{borrow::Cow, ops::Range, sync::LazyLock};

use digit_groups::DigitGroups;
use regex::Regex;

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

/// What might be something: an address with an at sign; hexadecimal digits with colons; two letters, two digits and more of
/// both; digits in groups.
#[expect(clippy::expect_used, reason = "the expression is a constant, and a test uses it")]
static CANDIDATES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?x)
        [\w.!\#$%&'*+/=?^`{|}~-]+ @ [\w-]+ (?: \. [\w-]+ )* \. [^\W\d_] [\w-]+
        | [0-9A-Fa-f]{0,4} (?: :[0-9A-Fa-f]{0,4} ){2,8} (?: \. [0-9]{1,3} ){0,3}
        | [A-Za-z]{2} [0-9]{2} (?: [\ \u{a0}-]? [0-9A-Za-z]{1,4} ){3,8}
        | [+(]{0,2} [0-9]+ (?: [\ \u{a0}\u{2009}\u{202f}.\-/()\u{2010}\u{2011}\u{2013}]{1,3} [0-9]+ )*
        ",
    )
    .expect("a regular expression")
});

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
    // Most texts hold neither digits nor an address.
    if !text.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@' || byte == b':') {
        return found;
    }
    let mut from = 0;
    while let Some(candidate) = CANDIDATES.find_at(text, from) {
        let place = candidate.range();
        from = place.end;
        let first = candidate.as_str().bytes().next().unwrap_or_default();
        if candidate.as_str().contains('@') {
            found.push(Found { kind: Pii::Email, place: email(candidate.as_str(), place) });
        } else if candidate.as_str().contains(':') {
            match ip_address::version_6(text, &place) {
                Some(place) => found.push(Found { kind: Pii::IpAddress, place }),
                // A time before a number, it may be: what follows its first part is looked at again.
                None => from = after_first_part(text, &place),
            }
        } else if first.is_ascii_alphabetic() {
            match iban::iban(text, &place) {
                Some(place) => {
                    from = place.end;
                    found.push(Found { kind: Pii::Iban, place });
                }
                None => from = after_first_word(text, &place),
            }
        } else {
            numbers(text, place, &mut found);
        }
    }
    found
}

/// A number, or several side by side.
fn numbers(text: &str, place: Range<usize>, found: &mut Vec<Found>) {
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

/// An address ends before the punctuation of the sentence it stands in.
fn email(text: &str, place: Range<usize>) -> Range<usize> {
    let open = text.len() - text.trim_start_matches(['.', '\'', '`', '*', '/', '{', '|', '=']).len();
    let closed = text.trim_end_matches(['-', '_']).len();
    place.start + open..place.start + closed.max(open)
}

fn after_first_part(text: &str, place: &Range<usize>) -> usize {
    let candidate = text.get(place.clone()).unwrap_or_default();
    place.start + candidate.find(':').map_or(candidate.len(), |colon| colon + 1)
}

fn after_first_word(text: &str, place: &Range<usize>) -> usize {
    let candidate = text.get(place.clone()).unwrap_or_default();
    place.start + candidate.find([' ', '\u{a0}', '-']).unwrap_or(2)
}
