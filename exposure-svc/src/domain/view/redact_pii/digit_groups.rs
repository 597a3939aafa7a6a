//! Digits in groups, as people write long numbers.

use std::{
    cell::{Cell, OnceCell},
    ops::Range,
};

use super::{characters::is_of_a_word, context::Context, normalized::Normalized};

/// Signs between two groups of digits at most, as in `) / `.
const MOST_BETWEEN: usize = 3;
/// Bytes behind the first group of a sequence within which the words before it still count.
const REACH_OF_A_CALL: usize = 40;
/// Digits of a group from which a longer number can go on: of a time or a small number none does.
const LONG_GROUP: usize = 4;
/// Groups whose digits are counted.
const MOST_COUNTED: usize = 16;
/// Digits of a sequence in which there can be a number, and groups, since an IPv4 address may have fewer.
const FEWEST_DIGITS: usize = 8;
const FEWEST_GROUPS: usize = 4;
/// Characters of a code beside a number that are read.
const LONGEST_CODE: usize = 36;

/// Groups of digits that go on from one to the next.
pub(super) struct Sequence<'a> {
    normalized: &'a Normalized<'a>,
    text: &'a str,
    groups: Vec<Group>,
    /// Nothing before it belongs to a number here.
    floor: usize,
    context: OnceCell<Context>,
    /// The groups before this one belong to numbers that were found.
    taken: Cell<usize>,
}

#[derive(Debug)]
pub(super) struct Group {
    place: Range<usize>,
    /// It is part of a date, or of a UUID.
    is_of_another: bool,
}

/// Some of the groups, side by side.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    sequence: &'a Sequence<'a>,
    first: usize,
    after: usize,
    start: usize,
}

impl<'a> Sequence<'a> {
    /// The groups from a digit on, or where they end if they are too few for any number.
    pub(super) fn new(normalized: &'a Normalized<'a>, first: usize, floor: usize) -> Result<Self, usize> {
        let text = normalized.text();
        let bytes = text.as_bytes();
        let (mut digits, mut count, mut end) = (0, 0, first);
        // Most are a year or a small number: those are not kept.
        for group in (Groups { bytes, at: Some(first) }).take(FEWEST_GROUPS) {
            (digits, count, end) = (digits + group.len(), count + 1, group.end);
        }
        if digits < FEWEST_DIGITS && count < FEWEST_GROUPS {
            return Err(end);
        }
        let groups = Groups { bytes, at: Some(first) }.map(|place| Group { place, is_of_another: false }).collect();
        let mut sequence = Self { normalized, text, groups, floor, context: OnceCell::new(), taken: Cell::new(0) };
        sequence.mark_dates();
        sequence.mark_uuids();
        Ok(sequence)
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Digits from this group on.
    pub(super) fn digits_from(&self, first: usize) -> usize {
        self.groups.iter().skip(first).map(|group| group.place.len()).take(MOST_COUNTED).sum()
    }

    /// The digits behind this group.
    pub(super) fn digits_behind(&self, first: usize) -> impl Iterator<Item = u8> {
        let bytes = self.text.as_bytes();
        self.groups
            .iter()
            .skip(first + 1)
            .flat_map(move |group| bytes.get(group.place.clone()).unwrap_or_default())
            .copied()
    }

    /// Where the last group ends.
    pub(super) fn end(&self) -> usize {
        self.groups.last().map_or(self.floor, |last| last.place.end)
    }

    /// Notes that the groups before this one belong to a number that was found.
    pub(super) fn take_to(&self, after: usize) {
        self.taken.set(after);
    }

    /// The signs between this group and the one before it, unless that belongs to a number that was found.
    fn joint_before(&self, first: usize) -> Option<&str> {
        let before = first.checked_sub(1).filter(|_| first > self.taken.get())?;
        self.between(before)
    }

    /// Whether a number can begin with this group.
    pub(super) fn may_begin(&self, first: usize) -> bool {
        self.groups.get(first).is_some_and(|group| !group.is_of_another)
    }

    pub(super) fn window(&'a self, first: usize, after: usize) -> Window<'a> {
        let window = Window { sequence: self, first, after, start: self.begin(first) };
        // A bracket around the whole is the sentence's.
        let is_open = window.written().starts_with('(') && !window.written().contains(')');
        Window { start: window.start + usize::from(is_open), ..window }
    }

    /// The windows that begin with a group, shortest first, of `most` digits at most. `is_joint` tells which signs may stand within.
    pub(super) fn windows(
        &'a self,
        first: usize,
        most: usize,
        is_joint: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = Window<'a>> {
        let mut digits = 0;
        let ends = (first..self.groups.len()).take_while(move |index| {
            let Some(group) = self.groups.get(*index) else { return false };
            digits += group.place.len();
            let goes_on = *index == first || self.between(index - 1).is_some_and(&is_joint);
            digits <= most && !group.is_of_another && goes_on
        });
        ends.map(move |index| self.window(first, index + 1))
    }

    /// Where a number that begins with this group begins: a `+` or a bracket before it is part of it.
    fn begin(&self, first: usize) -> usize {
        let Some(group) = self.groups.get(first) else { return self.floor };
        let floor = first.checked_sub(1).and_then(|before| self.groups.get(before)).map_or(self.floor, |b| b.place.end);
        let before = self.text.as_bytes().get(floor..group.place.start).unwrap_or_default();
        group.place.start - before.iter().rev().take(2).take_while(|byte| matches!(byte, b'+' | b'(')).count()
    }

    /// Dates are three groups with the same sign between them, and that sign neither before nor after.
    fn mark_dates(&mut self) {
        let mut first = 0;
        while first + 2 < self.groups.len() {
            let sign = self.between(first);
            let alone = (first == 0 || self.between(first - 1) != sign) && self.between(first + 2) != sign;
            if sign.is_some_and(|sign| matches!(sign, "-" | "." | "/"))
                && self.between(first + 1) == sign
                && alone
                && self.is_date(first)
            {
                self.groups.iter_mut().skip(first).take(3).for_each(|group| group.is_of_another = true);
                first += 3;
            } else {
                first += 1;
            }
        }
    }

    fn is_date(&self, first: usize) -> bool {
        let number = |index: usize| -> Option<(usize, u32)> {
            let digits = self.text.get(self.groups.get(index)?.place.clone())?;
            Some((digits.len(), digits.parse().ok()?))
        };
        let (Some(one), Some(two), Some(three)) = (number(first), number(first + 1), number(first + 2)) else {
            return false;
        };
        let is_year = |(length, year): (usize, u32)| length == 4 && (1000..3000).contains(&year);
        let is_short = |(length, value): (usize, u32)| length <= 2 && (1..=31).contains(&value);
        let has_month = |one: (usize, u32), two: (usize, u32)| one.1 <= 12 || two.1 <= 12;
        (is_year(one) && is_short(two) && is_short(three) && has_month(two, three))
            || (is_short(one)
                && is_short(two)
                && has_month(one, two)
                && (is_year(three) || (three.0 == 2 && one.0 <= 2 && two.0 <= 2)))
    }

    /// UUIDs that have no letters.
    fn mark_uuids(&mut self) {
        const SHAPE: [usize; 5] = [8, 4, 4, 4, 12];
        for first in 0..self.groups.len().saturating_sub(SHAPE.len() - 1) {
            let is_uuid = (0..SHAPE.len()).all(|index| {
                self.groups.get(first + index).map(|group| group.place.len()) == SHAPE.get(index).copied()
                    && (index == 0 || self.between(first + index - 1) == Some("-"))
            });
            if is_uuid {
                self.groups.iter_mut().skip(first).take(SHAPE.len()).for_each(|group| group.is_of_another = true);
            }
        }
    }

    /// The signs between this group and the next.
    fn between(&self, index: usize) -> Option<&str> {
        let (one, next) = (self.groups.get(index)?, self.groups.get(index + 1)?);
        self.text.get(one.place.end..next.place.start)
    }

    /// The words before the first group.
    fn words_before(&self) -> Context {
        *self.context.get_or_init(|| Context::before(self.text, self.begin(0)))
    }
}

/// Groups of digits, each with where it is.
struct Groups<'a> {
    bytes: &'a [u8],
    at: Option<usize>,
}

impl Iterator for Groups<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let at = self.at.take()?;
        let digits = self.bytes.get(at..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = at + digits;
        let after = self.bytes.get(end..)?;
        let between = after.iter().take(MOST_BETWEEN + 1).take_while(|byte| is_between_groups(**byte)).count();
        let goes_on = (1..=MOST_BETWEEN).contains(&between) && after.get(between).is_some_and(u8::is_ascii_digit);
        self.at = goes_on.then_some(end + between);
        Some(at..end)
    }
}

fn is_between_groups(byte: u8) -> bool {
    matches!(byte, b' ' | b'.' | b'-' | b'/' | b'(' | b')' | b'\t' | b'\n' | b'\r')
}

impl<'a> Window<'a> {
    /// Where it stands.
    pub(super) fn place(&self) -> Range<usize> {
        self.start..self.in_groups().last().map_or(self.start, |last| last.place.end)
    }

    /// The group behind its last.
    pub(super) fn after(&self) -> usize {
        self.after
    }

    fn in_groups(&self) -> &'a [Group] {
        self.sequence.groups.get(self.first..self.after).unwrap_or_default()
    }

    /// As it is written.
    pub(super) fn written(&self) -> &'a str {
        self.sequence.text.get(self.place()).unwrap_or_default()
    }

    pub(super) fn digits(&self) -> impl DoubleEndedIterator<Item = u8> + use<'a> {
        let bytes = self.sequence.text.as_bytes();
        self.in_groups().iter().flat_map(move |group| bytes.get(group.place.clone()).unwrap_or_default()).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.in_groups().iter().map(|group| group.place.len()).sum()
    }

    /// The lengths of its groups.
    pub(super) fn shape(&self) -> impl Iterator<Item = usize> + use<'a> {
        self.in_groups().iter().map(|group| group.place.len())
    }

    /// Whether its groups have these lengths.
    pub(super) fn has_shape(&self, shape: &[usize]) -> bool {
        self.groups() == shape.len() && self.shape().eq(shape.iter().copied())
    }

    /// One of its groups.
    pub(super) fn group(&self, index: usize) -> &'a str {
        self.in_groups().get(index).and_then(|group| self.sequence.text.get(group.place.clone())).unwrap_or_default()
    }

    pub(super) fn groups(&self) -> usize {
        self.after - self.first
    }

    /// The signs between its groups.
    pub(super) fn joints(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let (sequence, first, after) = (self.sequence, self.first, self.after);
        (first..after.saturating_sub(1)).filter_map(move |index| sequence.between(index))
    }

    /// Whether the same sign is between all of its groups, and is one of these.
    pub(super) fn is_joined_by(&self, signs: &[&str]) -> bool {
        let mut all = self.joints();
        let Some(first) = all.next() else { return true };
        signs.contains(&first) && all.all(|sign| sign == first)
    }

    /// Whether its groups are joined by spaces that do not break a line, which set one number apart.
    pub(super) fn is_unbroken(&self) -> bool {
        let pairs = self.in_groups().windows(2);
        let original = |pair: &[Group]| match pair {
            [one, next] => self.sequence.normalized.original(one.place.end, next.place.start),
            _ => "",
        };
        pairs.map(original).all(|space| matches!(space, "\u{a0}" | "\u{202f}" | "&nbsp;" | "&#160;"))
    }

    /// Whether one of these signs joins it to the group before or behind it: it is part of a longer number.
    pub(super) fn is_joined_to_others(&self, signs: &[&str]) -> bool {
        let before = self.sequence.joint_before(self.first);
        let behind = self.after.checked_sub(1).and_then(|last| self.sequence.between(last));
        before.into_iter().chain(behind).any(|sign| signs.contains(&sign))
    }

    /// Digits in a group behind it, counted from 0; 0: there is none.
    pub(super) fn length_behind(&self, index: usize) -> usize {
        self.sequence.groups.get(self.after + index).map_or(0, |group| group.place.len())
    }

    /// Whether a space joins it to a long group before it: it is the end of a longer number.
    pub(super) fn goes_on_from_a_group(&self) -> bool {
        let is_long = |group: &Group| group.place.len() >= LONG_GROUP && !group.is_of_another;
        self.sequence.joint_before(self.first) == Some(" ")
            && self.first.checked_sub(1).and_then(|before| self.sequence.groups.get(before)).is_some_and(is_long)
    }

    /// Whether it is in one piece and the fraction of a decimal number, or has one. A comma is no evidence: it sets columns apart.
    pub(super) fn is_of_a_decimal(&self) -> bool {
        let before = self.sequence.text.get(..self.start).and_then(|before| before.strip_suffix('.'));
        let is_fraction = before.is_some_and(|before| before.ends_with(|last: char| last.is_ascii_digit()));
        self.groups() == 1 && (self.is_joined_to_others(&["."]) || is_fraction)
    }

    /// Whether a letter is right before it.
    pub(super) fn follows_a_letter(&self) -> bool {
        self.sequence.text.get(..self.start).is_some_and(|before| before.ends_with(is_of_a_word))
    }

    /// The letters right before it, as in `SSN219-09-9998`; `None`: digits are among them.
    pub(super) fn glued_word(&self) -> Option<&'a str> {
        let before = self.sequence.text.get(..self.start).unwrap_or_default();
        let word = before.char_indices().rev().take(LONGEST_CODE).take_while(|(_, letter)| is_of_a_word(*letter));
        let start = word.last().map_or(before.len(), |(start, _)| start);
        before.get(start..).filter(|word| word.chars().all(char::is_alphabetic))
    }

    /// Whether it is in a word of letters and digits, as digests are: letters are on both of its sides, or other digits on one.
    pub(super) fn is_of_a_digest(&self) -> bool {
        let behind = self.sequence.text.get(self.place().end..).unwrap_or_default();
        let mut behind = behind.chars().take(LONGEST_CODE).take_while(|letter| is_of_a_word(*letter)).peekable();
        let has_word_behind = self.precedes_a_letter();
        let Some(word) = self.glued_word() else { return true };
        (has_word_behind && !word.is_empty()) || (behind.peek().is_some() && behind.any(char::is_numeric))
    }

    /// Whether a letter is right behind it that begins no extension.
    pub(super) fn precedes_a_letter(&self) -> bool {
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
    pub(super) fn is_of_a_code(&self) -> bool {
        let text = self.sequence.text;
        let is_of_it = |character: &char| character.is_ascii_alphanumeric() || *character == '-';
        let is_code = |code: &[char]| {
            code.split(|character| *character == '-')
                .any(|part| part.iter().any(char::is_ascii_digit) && part.iter().any(char::is_ascii_alphabetic))
        };
        let before = text.get(..self.start).unwrap_or_default();
        let behind = text.get(self.place().end..).unwrap_or_default();
        let read = |characters: &mut dyn Iterator<Item = char>| -> Vec<char> {
            characters.take(LONGEST_CODE).take_while(is_of_it).collect()
        };
        (before.ends_with('-') && is_code(&read(&mut before.chars().rev())))
            || (behind.starts_with('-') && is_code(&read(&mut behind.chars())))
    }

    /// What the words before it say.
    pub(super) fn context(&self) -> Context {
        let words = self.sequence.words_before();
        if self.first == 0 {
            return words;
        }
        // Other numbers stand between.
        let first = self.sequence.groups.first().map_or(self.start, |group| group.place.start);
        let is_near = self.start - first <= REACH_OF_A_CALL;
        // The first may be the end of a longer code: `tracking 1Z 999 AA1 01 2345 6784`.
        let is_of_a_code =
            first > 0 && self.sequence.text.get(..first).is_some_and(|before| before.ends_with(is_of_a_word));
        let mentions_numbering = words.mentions_numbering && is_of_a_code;
        Context { mentions_calling: words.mentions_calling && is_near, mentions_numbering, ..Context::default() }
    }
}
