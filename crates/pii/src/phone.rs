//! Phone numbers, international and national: their shapes here, the numbering plans by `phonelib`.

mod numbering_plan;

use self::numbering_plan::{BARE, BRAZIL, CHINA, Digits, NORTH_AMERICA, RUSSIA, WITH_TRUNK, WITH_ZERO};
use super::{
    context::{Context, is_word_of_a_call},
    digit_groups::{Sequence, Window},
};

/// Digits of the shortest and the longest number (ITU-T E.164).
const FEWEST_DIGITS: usize = 8;
const MOST_DIGITS: usize = 15;
/// Groups of one digit that a number has at most, besides its first and a zero in brackets.
const MOST_SINGLES: usize = 2;

/// Groups of a national number at most, if different signs join them.
const MOST_GROUPS: usize = 5;

/// Where a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Surroundings {
    Text,
    /// The path of a URL, where a number is mostly the name of a thing, or a mistyped account number.
    OfAnother,
}

/// The longest phone number that begins with this group.
pub(super) fn phone<'a>(
    sequence: &'a Sequence<'a>,
    first: usize,
    surroundings: impl FnOnce() -> Surroundings,
) -> Option<Window<'a>> {
    let begins = sequence.window(first, first + 1);
    if begins.count() > MOST_DIGITS {
        return None;
    }
    let windows = || {
        let mut singles = 0;
        sequence.windows(first, MOST_DIGITS, is_joint).take_while(move |window| {
            let last = window.groups() - 1;
            let is_single = last > 0 && window.length_of(last) == 1 && !window.written().ends_with("(0");
            singles += usize::from(is_single);
            singles <= MOST_SINGLES
        })
    };
    let longest_of = |is_shaped: &dyn Fn(&Window<'_>) -> bool, is_number: &dyn Fn(&Window<'_>) -> bool| {
        let mut candidates = [None; MOST_DIGITS];
        let enough = windows().filter(|window| window.count() >= FEWEST_DIGITS && is_shaped(window));
        for (place, window) in candidates.iter_mut().zip(enough) {
            *place = Some(window);
        }
        candidates.into_iter().rev().flatten().find(|window| is_balanced(window.written()) && is_number(window))
    };
    let longest = |is_number: &dyn Fn(&Window<'_>) -> bool| longest_of(&|_| true, is_number);
    let written = begins.written();
    if written.starts_with('+') || written.starts_with("(+") {
        return longest(&|window| is_whole(window) && is_international(window, 0));
    }
    if begins.follows_a_letter() && !begins.glued_word().is_some_and(is_word_of_a_call) {
        return None;
    }
    if begins.group(0).starts_with("00") {
        if begins.digits().chain(sequence.digits_behind(first)).nth(2).is_none_or(|third| third == b'0') {
            return None;
        }
        let number = longest(&|window| window.count() >= 11 && is_whole(window) && is_international(window, 2))?;
        return (surroundings() == Surroundings::Text).then_some(number);
    }
    let has_enough = sequence.digits_from(first) >= FEWEST_DIGITS;
    let is_possible = may_be_national(&begins) || (has_enough && begins.context().mentions_calling);
    if !is_possible {
        return None;
    }
    let context = begins.context();
    let number =
        longest_of(&|window| is_shaped(window, context), &|window| is_whole(window) && is_national(window, context))?;
    (surroundings() == Surroundings::Text).then_some(number)
}

/// Characters within a number, on one line.
fn is_joint(sign: &str) -> bool {
    !sign.bytes().any(|byte| matches!(byte, b'\t' | b'\n' | b'\r'))
}

/// Whether a national number can begin so, whatever the words before it. Most groups of digits do not.
fn may_be_national(begins: &Window<'_>) -> bool {
    let (group, next) = (begins.group(0), [begins.length_behind(0), begins.length_behind(1)]);
    (group.starts_with('0') && group.len() >= 2 && !begins.goes_on_from_a_group())
        || (group.len() == 3 && matches!(next, [3 | 4, 4]))
        || (matches!(group, "1" | "8") && next == [3, 3])
        || (begins.written().starts_with('(') && group.len() > 1)
}

/// Whether it has the shape of a national number. Cheap: it is asked of every few groups of digits.
fn is_shaped(number: &Window<'_>, context: Context) -> bool {
    if !context.mentions_calling && (is_of_pairs(number) || is_of_times(number)) {
        return false;
    }
    (context.mentions_calling && (number.groups() <= MOST_GROUPS || number.group(0).starts_with('0')))
        || number.has_shape(&[3, 3, 4])
        || number.has_shape(&[1, 3, 3, 4])
        || number.has_shape(&[3, 4, 4])
        || number.has_shape(&[1, 3, 3, 2, 2])
        || (number.group(0).starts_with('0')
            && (9..=12).contains(&number.count())
            && number.groups() <= 6
            && !number.goes_on_from_a_group())
        || (number.written().starts_with('(') && number.groups() <= 4)
}

/// Whether its neighbors do not show that it is part of something else.
fn is_whole(number: &Window<'_>) -> bool {
    if number.written().starts_with('+') || number.written().starts_with("(+") {
        return true;
    }
    if !number.written().starts_with('(') && (number.is_joined_to_others(&["-", "."]) || number.is_of_a_decimal()) {
        return false;
    }
    !((number.groups() == 1 && number.precedes_a_letter()) || number.is_of_a_code())
}

fn is_national(number: &Window<'_>, context: Context) -> bool {
    // A bracket around the area is how people write phone numbers, and little else.
    let is_marked = number.written().starts_with('(');
    if context.mentions_numbering && !context.mentions_calling && !is_marked {
        return false;
    }
    is_north_american(number, context.mentions_calling)
        || has_trunk_zero(number, context.mentions_calling)
        || has_national_shape(number)
        || (context.mentions_calling && is_bare(number))
}

/// Groups of two digits could be anything: `03 11 22 31 45`.
fn is_of_pairs(number: &Window<'_>) -> bool {
    number.groups() > 1 && number.shape().all(|length| length == 2) && !number.is_joined_by(&[".", "-"])
}

/// `0800 1200 1600`: times of a day.
fn is_of_times(number: &Window<'_>) -> bool {
    let is_time = |group: &str| {
        let (hours, minutes) = (group.get(..2), group.get(2..4));
        group.len() == 4 && hours.is_some_and(|hours| hours < "24") && minutes.is_some_and(|minutes| minutes < "60")
    };
    number.groups() > 1 && (0..number.groups()).all(|index| is_time(number.group(index)))
}

/// `415-555-0123`, `(415) 555 0123`, `1.415.555.0123`.
fn is_north_american(number: &Window<'_>, mentions_calling: bool) -> bool {
    let skipped = usize::from(number.group(0) == "1" && number.groups() == 4);
    let groups: Vec<_> = number.shape().skip(skipped).collect();
    let is_marked = number.written().contains('(') || number.is_joined_by(&["-", "."]);
    // In groups with spaces it might be any number; most of those have no such first and fourth digit.
    let is_shaped = groups == [3, 3, 4] && (is_marked || number.is_joined_by(&[" "]) || mentions_calling);
    let exchange = number.group(skipped + 1);
    is_shaped && !exchange.starts_with(['0', '1']) && Digits::new(number.digits().skip(skipped)).are_of(NORTH_AMERICA)
}

/// `030 1234567`, `020 7946 0958`, `06 12 34 56 78`, `(0171) 1234567`.
fn has_trunk_zero(number: &Window<'_>, mentions_calling: bool) -> bool {
    let starts = number.group(0).starts_with('0') && !number.group(0).starts_with("00");
    let in_one_piece = number.groups() == 1;
    let enough = if in_one_piece { 10..=12 } else { 9..=12 };
    // A decimal, an amount or an outline is not dialled.
    let is_written_so = !number.written().contains("..") && number.group(0).len() >= 2;
    let is_the_end_of_another = !mentions_calling && number.goes_on_from_a_group();
    starts
        && is_written_so
        && !is_the_end_of_another
        && enough.contains(&number.count())
        && (!in_one_piece || mentions_calling || is_mobile_in_one_piece(number.group(0)))
        && (number.groups() <= MOST_GROUPS || number.is_joined_by(&[" ", ".", "-"]))
        && (Digits::new(number.digits().skip(1)).are_of(WITH_TRUNK) || Digits::new(number.digits()).are_of(WITH_ZERO))
}

/// `07911123456`, `015112345678`, `0612345678`: the mobile numbers of Britain, Germany and France.
fn is_mobile_in_one_piece(digits: &str) -> bool {
    match digits.len() {
        10 => digits.starts_with("06") || digits.starts_with("07"),
        11 => ["07", "015", "016", "017"].iter().any(|prefix| digits.starts_with(prefix)),
        12 => digits.starts_with("015") || digits.starts_with("017"),
        _ => false,
    }
}

/// Shapes that are few countries' own: Brazil, Russia, China.
fn has_national_shape(number: &Window<'_>) -> bool {
    let in_brackets = number.written().starts_with('(');
    let brazilian = in_brackets && (number.has_shape(&[2, 5, 4]) || number.has_shape(&[2, 4, 4]));
    let russian = number.has_shape(&[1, 3, 3, 2, 2]) && number.group(0) == "8";
    let chinese = number.has_shape(&[3, 4, 4]) && number.group(0).starts_with('1');
    (brazilian && Digits::new(number.digits()).are_of(BRAZIL))
        || (russian && Digits::new(number.digits().skip(1)).are_of(RUSSIA))
        || (chinese && Digits::new(number.digits()).are_of(CHINA))
}

/// What people write after words like "call": eight digits or more, however they are grouped.
fn is_bare(number: &Window<'_>) -> bool {
    number.groups() <= MOST_GROUPS && Digits::new(number.digits()).are_of(BARE)
}

/// Whether the digits behind the first `access` are an international number.
fn is_international(number: &Window<'_>, access: usize) -> bool {
    Digits::new(number.digits_dialled_abroad().skip(access)).are_international()
}

/// Brackets open before they close, one pair at a time.
fn is_balanced(written: &str) -> bool {
    let mut is_open = false;
    for character in written.chars().filter(|character| matches!(character, '(' | ')')) {
        if (character == '(') == is_open {
            return false;
        }
        is_open = character == '(';
    }
    !is_open
}
