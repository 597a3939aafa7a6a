//! Digits in groups, as people write long numbers.

use std::{
    cell::{Cell, OnceCell},
    ops::Range,
};

use super::{context::Context, normalized::Normalized};

mod window;

pub(super) use self::window::Window;

/// Signs between two groups of digits at most, as in `) / `.
const MOST_BETWEEN: usize = 3;
/// Groups whose digits are counted.
const MOST_COUNTED: usize = 16;
/// Digits of a sequence in which there can be a number, and groups, since an IPv4 address may have fewer.
const FEWEST_DIGITS: usize = 8;
const FEWEST_GROUPS: usize = 4;

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

    /// The digits after this group.
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
        let closes = (first + 1..after).any(|group| self.between(group - 1).is_some_and(|signs| signs.contains(')')));
        let count = self.groups.get(first..after).unwrap_or_default().iter().map(|group| group.place.len()).sum();
        Window { sequence: self, first, after, start: self.start(self.begin(first), closes), count }
    }

    /// Where a window starts that begins at a place. A bracket around the whole is the sentence's.
    fn start(&self, begin: usize, closes: bool) -> usize {
        let opens = self.text.as_bytes().get(begin) == Some(&b'(');
        begin + usize::from(opens && !closes)
    }

    /// The windows that begin with a group, shortest first, of `most` digits at most. `is_joint` tells which signs may stand within.
    pub(super) fn windows(
        &'a self,
        first: usize,
        most: usize,
        is_joint: impl Fn(&str) -> bool,
    ) -> impl Iterator<Item = Window<'a>> {
        let begin = self.begin(first);
        let (mut digits, mut closes) = (0, false);
        (first..self.groups.len()).map_while(move |index| {
            let group = self.groups.get(index)?;
            let signs = if index == first { "" } else { self.between(index - 1)? };
            digits += group.place.len();
            closes |= signs.bytes().any(|sign| sign == b')');
            let goes_on = digits <= most && !group.is_of_another && (index == first || is_joint(signs));
            let start = self.start(begin, closes);
            goes_on.then_some(Window { sequence: self, first, after: index + 1, start, count: digits })
        })
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
