//! Some groups of digits side by side, and what is beside them.

use std::ops::Range;

use super::{
    super::{characters::is_of_a_word, context::Context},
    Group, Sequence,
};

/// Bytes behind the first group of a sequence within which the words before it still count.
const REACH_OF_A_CALL: usize = 40;
/// Digits of a group from which a longer number can go on: of a time or a small number none does.
const LONG_GROUP: usize = 4;
/// Characters of a code beside a number that are read.
const LONGEST_CODE: usize = 36;

/// Some of the groups, side by side.
#[derive(Clone, Copy)]
pub(in super::super) struct Window<'a> {
    pub(super) sequence: &'a Sequence<'a>,
    pub(super) first: usize,
    pub(super) after: usize,
    pub(super) start: usize,
    /// Its digits.
    pub(super) count: usize,
}

impl<'a> Window<'a> {
    /// Its position.
    pub(in super::super) fn place(&self) -> Range<usize> {
        self.start..self.in_groups().last().map_or(self.start, |last| last.place.end)
    }

    /// The group after its last.
    pub(in super::super) fn after(&self) -> usize {
        self.after
    }

    fn in_groups(&self) -> &'a [Group] {
        self.sequence.groups.get(self.first..self.after).unwrap_or_default()
    }

    /// As it is written.
    pub(in super::super) fn written(&self) -> &'a str {
        self.sequence.text.get(self.place()).unwrap_or_default()
    }

    pub(in super::super) fn digits(&self) -> impl DoubleEndedIterator<Item = u8> + use<'a> {
        let bytes = self.sequence.text.as_bytes();
        self.in_groups().iter().flat_map(move |group| bytes.get(group.place.clone()).unwrap_or_default()).copied()
    }

    /// The digits without a zero in brackets, which is dialled at home only.
    pub(in super::super) fn digits_dialled_abroad(&self) -> impl Iterator<Item = u8> + use<'a> {
        let bytes = self.sequence.text.as_bytes();
        let is_dialled = move |group: &&Group| {
            let Range { start, end } = group.place;
            end - start > 1 || start == 0 || bytes.get(start - 1..=end) != Some(b"(0)")
        };
        let dialled = self.in_groups().iter().filter(is_dialled);
        dialled.flat_map(move |group| bytes.get(group.place.clone()).unwrap_or_default()).copied()
    }

    pub(in super::super) fn count(&self) -> usize {
        self.count
    }

    /// The lengths of its groups.
    pub(in super::super) fn shape(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.in_groups().iter().map(|group| group.place.len())
    }

    /// Whether its groups have these lengths.
    pub(in super::super) fn has_shape(&self, shape: &[usize]) -> bool {
        self.groups() == shape.len() && self.shape().eq(shape.iter().copied())
    }

    /// One of its groups.
    pub(in super::super) fn group(&self, index: usize) -> &'a str {
        self.in_groups().get(index).and_then(|group| self.sequence.text.get(group.place.clone())).unwrap_or_default()
    }

    /// Digits of one of its groups.
    pub(in super::super) fn length_of(&self, index: usize) -> usize {
        self.in_groups().get(index).map_or(0, |group| group.place.len())
    }

    pub(in super::super) fn groups(&self) -> usize {
        self.after - self.first
    }

    /// The signs between its groups.
    pub(in super::super) fn joints(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (sequence, first, after) = (self.sequence, self.first, self.after);
        (first..after.saturating_sub(1)).filter_map(move |index| sequence.between(index))
    }

    /// Whether the same sign is between all of its groups, and is one of these.
    pub(in super::super) fn is_joined_by(&self, signs: &[&str]) -> bool {
        let mut all = self.joints();
        let Some(first) = all.next() else { return true };
        signs.contains(&first) && all.all(|sign| sign == first)
    }

    /// Whether its groups are joined by spaces that do not break a line, which set one number apart.
    pub(in super::super) fn is_unbroken(&self) -> bool {
        let pairs = self.in_groups().windows(2);
        let original = |pair: &[Group]| match pair {
            [one, next] => self.sequence.normalized.original(one.place.end, next.place.start),
            _ => "",
        };
        pairs.map(original).all(|space| matches!(space, "\u{a0}" | "\u{202f}" | "&nbsp;" | "&#160;"))
    }

    /// Whether one of these signs joins it to the group before or behind it: it is part of a longer number.
    pub(in super::super) fn is_joined_to_others(&self, signs: &[&str]) -> bool {
        let before = self.sequence.joint_before(self.first);
        let behind = self.after.checked_sub(1).and_then(|last| self.sequence.between(last));
        before.into_iter().chain(behind).any(|sign| signs.contains(&sign))
    }

    /// Digits in a group after it, counted from 0; 0: none.
    pub(in super::super) fn length_behind(&self, index: usize) -> usize {
        self.sequence.groups.get(self.after + index).map_or(0, |group| group.place.len())
    }

    /// Whether a space joins it to a long group before it: it is the end of a longer number.
    pub(in super::super) fn goes_on_from_a_group(&self) -> bool {
        let is_long = |group: &Group| group.place.len() >= LONG_GROUP && !group.is_of_another;
        self.sequence.joint_before(self.first) == Some(" ")
            && self.first.checked_sub(1).and_then(|before| self.sequence.groups.get(before)).is_some_and(is_long)
    }

    /// Whether it is in one piece and the fraction of a decimal number, or has one. A comma is no evidence: it sets columns apart.
    pub(in super::super) fn is_of_a_decimal(&self) -> bool {
        let before = self.sequence.text.get(..self.start).and_then(|before| before.strip_suffix('.'));
        let is_fraction = before.is_some_and(|before| before.ends_with(|last: char| last.is_ascii_digit()));
        self.groups() == 1 && (self.is_joined_to_others(&["."]) || is_fraction)
    }

    /// Whether a letter is right before it.
    pub(in super::super) fn follows_a_letter(&self) -> bool {
        self.sequence.text.get(..self.start).is_some_and(|before| before.ends_with(is_of_a_word))
    }

    /// The letters right before it, as in `SSN219-09-9998`; `None`: digits are among them.
    pub(in super::super) fn glued_word(&self) -> Option<&'a str> {
        let before = self.sequence.text.get(..self.start).unwrap_or_default();
        let word = before.char_indices().rev().take(LONGEST_CODE).take_while(|(_, letter)| is_of_a_word(*letter));
        let start = word.last().map_or(before.len(), |(start, _)| start);
        before.get(start..).filter(|word| word.chars().all(char::is_alphabetic))
    }

    /// Whether it is in a word of letters and digits, as digests are: letters are on both of its sides, or other digits on one.
    pub(in super::super) fn is_of_a_digest(&self) -> bool {
        let behind = self.sequence.text.get(self.place().end..).unwrap_or_default();
        let mut behind = behind.chars().take(LONGEST_CODE).take_while(|letter| is_of_a_word(*letter)).peekable();
        let has_word_behind = self.precedes_a_letter();
        let Some(word) = self.glued_word() else { return true };
        (has_word_behind && !word.is_empty()) || (behind.peek().is_some() && behind.any(char::is_numeric))
    }

    /// Whether a letter is right behind it that begins no extension.
    pub(in super::super) fn precedes_a_letter(&self) -> bool {
        let after = self.sequence.text.get(self.place().end..).unwrap_or_default();
        let is_extension = {
            let lower: String = after.chars().take(4).flat_map(char::to_lowercase).collect();
            let number = lower.strip_prefix("ext").or_else(|| lower.strip_prefix('x'));
            number.is_some_and(|number| {
                number.starts_with(|next: char| next.is_ascii_digit() || matches!(next, '.' | ' ' | ':'))
            })
        };
        !is_extension && after.starts_with(|next: char| is_of_a_word(next) || next == '°')
    }

    /// Whether a hyphen joins it to a code of letters and digits, as in a UUID.
    pub(in super::super) fn is_of_a_code(&self) -> bool {
        let before = self.sequence.text.get(..self.start).unwrap_or_default();
        let behind = self.sequence.text.get(self.place().end..).unwrap_or_default();
        (before.ends_with('-') && begins_with_a_code(before.bytes().rev()))
            || (behind.starts_with('-') && begins_with_a_code(behind.bytes()))
    }

    /// The meaning of the words before it.
    pub(in super::super) fn context(&self) -> Context {
        let words = self.sequence.words_before();
        if self.first == 0 {
            return words;
        }
        // Other numbers are between.
        let first = self.sequence.groups.first().map_or(self.start, |group| group.place.start);
        let is_near = self.start - first <= REACH_OF_A_CALL;
        // The first may be the end of a longer code: `tracking 1Z 999 AA1 01 2345 6784`.
        let is_of_a_code =
            first > 0 && self.sequence.text.get(..first).is_some_and(|before| before.ends_with(is_of_a_word));
        let mentions_numbering = words.mentions_numbering && is_of_a_code;
        Context { mentions_calling: words.mentions_calling && is_near, mentions_numbering, ..Context::default() }
    }
}

/// Whether letters and digits stand together in one of the parts that hyphens join.
fn begins_with_a_code(bytes: impl Iterator<Item = u8>) -> bool {
    let (mut has_letter, mut has_digit) = (false, false);
    for byte in bytes.take(LONGEST_CODE) {
        match byte {
            b'-' => (has_letter, has_digit) = (false, false),
            b'0'..=b'9' => has_digit = true,
            b'a'..=b'z' | b'A'..=b'Z' => has_letter = true,
            _ => return false,
        }
        if has_letter && has_digit {
            return true;
        }
    }
    false
}
