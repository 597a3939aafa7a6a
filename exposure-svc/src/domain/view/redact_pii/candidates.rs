//! Where something might stand in a text, found in one pass over its bytes.

use std::ops::Range;

/// What might be something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// A name, an at sign and a domain.
    Address(Range<usize>),
    /// Hexadecimal digits with colons.
    Colons(Range<usize>),
    /// Two letters, two digits, and more of both.
    Account(Range<usize>),
    /// Digits in groups.
    Digits(Range<usize>),
}

/// Looks for the next candidate, over and over.
pub(super) struct Candidates<'a> {
    text: &'a str,
    /// Where to go on.
    at: usize,
    /// What begins before here belongs to something that was found.
    taken: usize,
}

/// Bytes between groups of digits at most, as in `) / `.
const MOST_BETWEEN: usize = 6;
/// Bytes of a quoted name at most (RFC 5321, 4.5.3.1.1).
const MOST_QUOTED: usize = 64;

impl<'a> Candidates<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, taken: 0 }
    }

    /// Goes on after something that was found.
    pub(super) fn take(&mut self, end: usize) {
        (self.at, self.taken) = (end, end);
    }

    /// Goes on at a place within a candidate that was nothing.
    pub(super) fn go_on(&mut self, at: usize) {
        self.at = at.max(self.at);
    }

    pub(super) fn next(&mut self) -> Option<Candidate> {
        let bytes = self.text.as_bytes();
        while let Some(rest) = bytes.get(self.at..) {
            let found = rest.iter().position(|byte| matches!(byte, b'0'..=b'9' | b'@' | b':'))?;
            let place = self.at + found;
            // Each byte is come to once: a candidate that is nothing is gone on from behind this place.
            self.at = place + 1;
            let candidate = match bytes.get(place)? {
                b'@' => self.address(place).map(Candidate::Address),
                b':' => self.colons(place).map(Candidate::Colons),
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

    fn address(&self, at_sign: usize) -> Option<Range<usize>> {
        let before = self.text.get(self.taken..at_sign)?;
        let name = name_before(before);
        let after = self.text.get(at_sign + 1..)?;
        let mut domain = domain_after(after);
        // A sentence's full stop is not the domain's.
        domain = after.get(..domain)?.trim_end_matches(['.', '-', '_']).len();
        let domain = after.get(..domain)?;
        let (host, last) = domain.rsplit_once('.')?;
        let is_named = last.starts_with(char::is_alphabetic) && last.chars().nth(1).is_some();
        let is_whole = !host.is_empty() && !host.starts_with('.') && !host.contains("..");
        let start = at_sign - name;
        let name = self.text.get(start..at_sign)?;
        let name = name.trim_start_matches(['.', '\'', '`', '*', '/', '{', '|', '=', '-', '&', '?', '#']);
        // `@ann@social.example` is an account of a network, not a mailbox.
        let is_handle = self.text.get(..at_sign - name.len())?.ends_with('@');
        (is_named && is_whole && !is_handle && !name.is_empty())
            .then(|| at_sign - name.len()..at_sign + 1 + domain.len())
    }

    fn colons(&self, colon: usize) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let before = bytes.get(self.taken..colon)?;
        let hex = before.iter().rev().take(4).take_while(|byte| byte.is_ascii_hexdigit()).count();
        let after = bytes.get(colon..)?;
        let length =
            after.iter().take(48).take_while(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.')).count();
        let second = after.get(1..length)?.contains(&b':');
        // A sentence's full stop is not the address's.
        let written = self.text.get(colon..colon + length)?.trim_end_matches('.').len();
        second.then(|| colon - hex..colon + written)
    }

    fn digits(&self, first: usize) -> Option<Candidate> {
        let letters = first.checked_sub(2).filter(|start| *start >= self.taken);
        let is_account = |start: &usize| {
            let is_letter = |place: usize| self.byte(place).is_some_and(|byte| byte.is_ascii_alphabetic());
            is_letter(*start) && is_letter(start + 1) && self.byte(first + 1).is_some_and(|byte| byte.is_ascii_digit())
        };
        if let Some(start) = letters.filter(is_account) {
            return Some(Candidate::Account(start..self.end_of_account(first)));
        }
        // Digits within a word are not looked at; those behind the first are not come to alone.
        let before = self.text.get(self.taken..first)?.as_bytes();
        if before.last().is_some_and(u8::is_ascii_digit) {
            return None;
        }
        let opened = before.iter().rev().take(2).take_while(|byte| matches!(byte, b'+' | b'(')).count();
        Some(Candidate::Digits(first - opened..self.end_of_digits(first)))
    }

    fn end_of_account(&self, first: usize) -> usize {
        let after = self.text.get(first..).unwrap_or_default();
        let is_of_it = |character: &char| character.is_ascii_alphanumeric() || parts_an_account(*character);
        // The longest has 34 characters, and a sign after every fourth.
        first + after.chars().take(48).take_while(is_of_it).map(char::len_utf8).sum::<usize>()
    }

    /// The end of the last group of digits that goes on from the first.
    fn end_of_digits(&self, first: usize) -> usize {
        let bytes = self.text.as_bytes();
        let digits = |from: usize| {
            let after = bytes.get(from..).unwrap_or_default();
            from + after.iter().take_while(|byte| byte.is_ascii_digit()).count()
        };
        let mut end = digits(first);
        loop {
            let between = self.between(end);
            let next = digits(end + between);
            if between == 0 || next == end + between {
                return end;
            }
            end = next;
        }
    }

    /// The length of what may stand between two groups of digits, in bytes: three signs at most.
    fn between(&self, from: usize) -> usize {
        let after = self.text.get(from..).unwrap_or_default();
        let signs = after.chars().take(3).take_while(|sign| is_between_groups(*sign));
        signs.map(char::len_utf8).sum::<usize>().min(MOST_BETWEEN)
    }
}

fn is_between_groups(sign: char) -> bool {
    matches!(
        sign,
        ' ' | '.' | '-' | '/' | '(' | ')' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{2010}' | '\u{2011}' | '\u{2013}'
    )
}

/// Whether it may stand between the parts of an account number.
pub(super) fn parts_an_account(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '\u{a0}' | '\u{2009}' | '\u{202f}' | '-')
}

/// Whether a sign goes on a word that a number or an address stands beside. In scripts that set no words apart none does.
pub(super) fn is_of_a_word(character: char) -> bool {
    character == '_' || ((character.is_alphanumeric() || is_mark(character)) && !is_unspaced(character))
}

/// Whether it is of a script that sets no words apart.
fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}

/// Whether it stands on the letter before, as the accent does in `e\u{301}`.
fn is_mark(character: char) -> bool {
    matches!(character, '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{fe20}'..='\u{fe2f}')
}

fn is_of_a_name(character: char) -> bool {
    is_of_a_word(character) || ".!#$%&'*+/=?^_`{|}~-".contains(character)
}

fn is_of_a_domain(character: char) -> bool {
    is_of_a_word(character) || matches!(character, '.' | '-')
}

/// The length of the name of an address that ends with this text. Where words are not set apart, the letters at the sign are taken
/// for it; in quotes it may hold spaces.
fn name_before(text: &str) -> usize {
    if let Some(quoted) = text.strip_suffix('"') {
        let mut from = quoted.len().saturating_sub(MOST_QUOTED);
        while !quoted.is_char_boundary(from) {
            from += 1;
        }
        let near = quoted.get(from..).unwrap_or_default();
        let line = near.get(near.rfind('\n').map_or(0, |end| end + 1)..).unwrap_or_default();
        return line.rfind('"').map_or(0, |open| line.len() - open + 1);
    }
    let is_its = if text.ends_with(is_unspaced) { is_unspaced } else { is_of_a_name };
    text.len() - text.trim_end_matches(is_its).len()
}

/// The length of the domain that this text begins with: each part of it is of the script that it begins with, so that a sentence
/// in a script without spaces may go on behind it.
fn domain_after(text: &str) -> usize {
    let (mut length, mut begins, mut is_of_unspaced) = (0, true, false);
    for character in text.chars() {
        if begins {
            is_of_unspaced = is_unspaced(character);
        }
        begins = character == '.';
        let is_its = if is_of_unspaced { is_unspaced(character) } else { is_of_a_domain(character) };
        if !is_its && !begins {
            break;
        }
        length += character.len_utf8();
    }
    length
}
