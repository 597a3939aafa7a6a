//! Digits in groups, as people write long numbers.

use std::ops::Range;

use super::{candidates::is_of_a_word, context::Context};

/// Digits in the longest number that is looked for: a payment card.
const MOST_DIGITS: usize = 19;

/// Digits in groups: a candidate, cut at what stands between them.
pub(super) struct DigitGroups<'a> {
    text: &'a str,
    groups: Vec<Group>,
    /// Where the candidate begins; a `+` or a bracket may stand before the first digit.
    start: usize,
}

struct Group {
    place: Range<usize>,
    /// It is part of a date.
    is_date: bool,
}

/// Some of the groups, side by side.
pub(super) struct Window<'a> {
    text: &'a str,
    groups: &'a [Group],
    start: usize,
}

impl<'a> DigitGroups<'a> {
    pub(super) fn new(text: &'a str, place: Range<usize>) -> Self {
        let mut groups: Vec<Group> = Vec::with_capacity(8);
        let bytes = text.as_bytes().get(place.clone()).unwrap_or_default();
        for (index, byte) in (place.start..).zip(bytes) {
            if byte.is_ascii_digit() {
                match groups.last_mut() {
                    Some(group) if group.place.end == index => group.place.end += 1,
                    _ => groups.push(Group { place: index..index + 1, is_date: false }),
                }
            }
        }
        let mut groups = Self { text, groups, start: place.start };
        groups.mark_dates();
        groups
    }

    pub(super) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Whether a number may begin with this group: it is not part of a date, nor does it go on from a word or from other
    /// digits, as in `v1.2`, `3.14` and `a716-4466`.
    pub(super) fn may_begin(&self, first: usize) -> bool {
        let Some(group) = self.groups.get(first) else { return false };
        let mut before = self.text.get(..self.begin(first)).unwrap_or_default().chars().rev();
        let goes_on = match before.next() {
            Some('.' | ',' | '-') => before.next().is_some_and(is_of_a_word),
            Some(before) => before == '@' || is_of_a_word(before),
            None => false,
        };
        !group.is_date && !goes_on
    }

    /// The group after the last that may belong to a number which begins with `first`.
    pub(super) fn longest(&self, first: usize) -> usize {
        let mut digits = 0;
        let within = self.groups.iter().skip(first).take_while(|group| {
            digits += group.place.len();
            digits <= MOST_DIGITS && !group.is_date
        });
        first + within.count()
    }

    pub(super) fn window(&self, first: usize, after: usize) -> Window<'_> {
        let groups = self.groups.get(first..after).unwrap_or_default();
        let start = self.begin(first);
        let window = Window { text: self.text, groups, start };
        // A bracket around the whole is the sentence's.
        let is_open = window.written().starts_with('(') && !window.written().contains(')');
        Window { start: start + usize::from(is_open), ..window }
    }

    /// Where a number that begins with this group begins: a `+` or a bracket before it is part of it.
    fn begin(&self, first: usize) -> usize {
        let Some(group) = self.groups.get(first) else { return self.start };
        let floor = first
            .checked_sub(1)
            .and_then(|before| self.groups.get(before))
            .map_or(self.start, |before| before.place.end);
        let before = self.text.get(floor..group.place.start).unwrap_or_default();
        group.place.start - (before.len() - before.trim_end_matches(['+', '(']).len())
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
                self.groups.iter_mut().skip(first).take(3).for_each(|group| group.is_date = true);
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

    /// What stands between this group and the next.
    fn between(&self, index: usize) -> Option<&str> {
        let (one, next) = (self.groups.get(index)?, self.groups.get(index + 1)?);
        self.text.get(one.place.end..next.place.start)
    }
}

impl<'a> Window<'a> {
    /// Where it stands.
    pub(super) fn place(&self) -> Range<usize> {
        self.start..self.groups.last().map_or(self.start, |last| last.place.end)
    }

    /// As it is written.
    pub(super) fn written(&self) -> &'a str {
        self.text.get(self.place()).unwrap_or_default()
    }

    /// Whether a number may end here: no digit, letter or fraction follows.
    pub(super) fn may_end(&self) -> bool {
        let mut after = self.text.get(self.place().end..).unwrap_or_default().chars();
        match after.next() {
            // An extension.
            Some('x') => after.next().is_some_and(|next| next.is_ascii_digit()),
            // A port, or the end of a range.
            Some(':' | '-') if self.groups() == 4 && self.is_joined_by(&["."]) => true,
            Some(next) if is_of_a_word(next) || matches!(next, '@' | '%' | '°') => false,
            Some('.' | ',' | ':') => !after.next().is_some_and(|next| next.is_ascii_digit()),
            Some('-') => !after.next().is_some_and(is_of_a_word),
            Some(_) | None => true,
        }
    }

    pub(super) fn digits(&self) -> impl DoubleEndedIterator<Item = u8> {
        self.groups.iter().flat_map(|group| self.text.as_bytes().get(group.place.clone()).unwrap_or_default()).copied()
    }

    pub(super) fn count(&self) -> usize {
        self.groups.iter().map(|group| group.place.len()).sum()
    }

    /// The lengths of its groups.
    pub(super) fn shape(&self) -> impl Iterator<Item = usize> {
        self.groups.iter().map(|group| group.place.len())
    }

    /// Whether its groups have these lengths.
    pub(super) fn has_shape(&self, shape: &[usize]) -> bool {
        self.groups.len() == shape.len() && self.shape().eq(shape.iter().copied())
    }

    /// One of its groups.
    pub(super) fn group(&self, index: usize) -> &'a str {
        self.groups.get(index).and_then(|group| self.text.get(group.place.clone())).unwrap_or_default()
    }

    pub(super) fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Whether the same stands between all of its groups, and it is one of these.
    pub(super) fn is_joined_by(&self, signs: &[&str]) -> bool {
        let between = |pair: &[Group]| match pair {
            [one, next] => self.text.get(one.place.end..next.place.start),
            _ => None,
        };
        let mut all = self.groups.windows(2).map(between);
        let Some(first) = all.next() else { return true };
        first.is_some_and(|first| signs.contains(&first)) && all.all(|sign| sign == first)
    }

    pub(super) fn context(&self) -> Context<'a> {
        Context::before(self.text, self.start)
    }
}
