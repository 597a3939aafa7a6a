//! Where something could be in a text, found in one pass over its bytes.

use std::ops::Range;

use super::{digit_groups::Sequence, email, iban::parts_an_account, ip_address, normalized::Normalized};

/// The kind of a candidate.
pub(super) enum Candidate<'a> {
    /// An e-mail address.
    Address(Range<usize>),
    /// An IPv6 address.
    Address6(Range<usize>),
    /// Two letters, two digits, and more of both.
    Account(Range<usize>),
    /// Digits in groups.
    Digits(Sequence<'a>),
}

/// Iterator over the candidates.
pub(super) struct Candidates<'a> {
    normalized: &'a Normalized<'a>,
    text: &'a str,
    /// Where to go on.
    at: usize,
    /// Candidates before this position overlap a match.
    taken: usize,
}

impl<'a> Candidates<'a> {
    pub(super) fn new(normalized: &'a Normalized<'a>) -> Self {
        Self { normalized, text: normalized.text(), at: 0, taken: 0 }
    }

    /// Continues after a match.
    pub(super) fn take(&mut self, end: usize) {
        (self.at, self.taken) = (end, end);
    }

    /// Continues within a rejected candidate.
    pub(super) fn go_on(&mut self, at: usize) {
        self.at = at.max(self.at);
    }

    pub(super) fn next(&mut self) -> Option<Candidate<'a>> {
        let bytes = self.text.as_bytes();
        while let Some(rest) = bytes.get(self.at..) {
            let found = rest.iter().position(|byte| matches!(byte, b'0'..=b'9' | b'@' | b':'))?;
            let place = self.at + found;
            // Each byte is visited once: after a rejection, the search continues behind it.
            self.at = place + 1;
            let candidate = match bytes.get(place)? {
                b'@' => email::address(self.text, place, self.taken).map(Candidate::Address),
                b':' => {
                    let (address, end) = ip_address::version_6(self.text, place, self.taken);
                    if address.is_none() && end > place + 48 {
                        // A long list of hexadecimal digits, rejected from every position.
                        self.at = end;
                    }
                    address.map(Candidate::Address6)
                }
                _ => self.digits(place),
            };
            if candidate.is_some() {
                return candidate;
            }
        }
        None
    }

    fn byte(&self, place: usize) -> Option<u8> {
        self.text.as_bytes().get(place).copied()
    }

    fn digits(&mut self, first: usize) -> Option<Candidate<'a>> {
        let letters = first.checked_sub(2).filter(|start| *start >= self.taken);
        let is_account = |start: &usize| {
            let is_letter = |place: usize| self.byte(place).is_some_and(|byte| byte.is_ascii_alphabetic());
            is_letter(*start) && is_letter(start + 1) && self.byte(first + 1).is_some_and(|byte| byte.is_ascii_digit())
        };
        if let Some(start) = letters.filter(is_account) {
            return Some(Candidate::Account(start..self.end_of_account(first)));
        }
        // Digits after the first of a group are not candidates on their own.
        let before = self.text.get(self.taken..first)?.as_bytes();
        if before.last().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        match Sequence::new(self.normalized, first, self.taken) {
            Ok(sequence) => Some(Candidate::Digits(sequence)),
            Err(end) => {
                self.at = end;
                None
            }
        }
    }

    fn end_of_account(&self, first: usize) -> usize {
        let after = self.text.get(first..).unwrap_or_default();
        let is_of_it = |character: &char| character.is_ascii_alphanumeric() || parts_an_account(*character);
        // The longest has 34 characters, and a sign after every fourth.
        first + after.chars().take(48).take_while(is_of_it).map(char::len_utf8).sum::<usize>()
    }
}
