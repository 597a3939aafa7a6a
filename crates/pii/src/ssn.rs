//! US social security numbers.

use super::{
    context::is_word_of_social_security,
    digit_groups::{Sequence, Window},
};

/// The social security number that begins with this group.
pub(super) fn ssn<'a>(sequence: &'a Sequence<'a>, first: usize) -> Option<Window<'a>> {
    let begins = sequence.window(first, first + 1);
    let groups = match begins.count() {
        3 => 3,
        9 => 1,
        _ => return None,
    };
    (first + groups <= sequence.len()).then(|| sequence.window(first, first + groups)).filter(is_ssn)
}

/// Whether it is one that could have been given out (<https://www.ssa.gov/employer/randomization.html>), in its groups, or
/// in one piece where the words before say so.
fn is_ssn(number: &Window<'_>) -> bool {
    let is_social = || number.context().mentions_ssn;
    let (area, group, serial) = if number.has_shape(&[3, 2, 4]) {
        let is_dashed = number.is_joined_by(&["-"]);
        let is_spaced = || number.is_joined_by(&[" ", "."]);
        if !(is_dashed || (is_spaced() && (is_social() || number.is_unbroken()))) {
            return false;
        }
        (number.group(0), number.group(1), number.group(2))
    } else if number.has_shape(&[9]) && is_social() {
        let whole = number.group(0);
        let part = |range: std::ops::Range<usize>| whole.get(range).unwrap_or_default();
        (part(0..3), part(3..5), part(5..9))
    } else {
        return false;
    };
    !matches!(area, "000" | "666")
        && !area.starts_with('9')
        && group != "00"
        && serial != "0000"
        && !number.written().starts_with(['+', '('])
        && (!number.follows_a_letter() || number.glued_word().is_some_and(is_word_of_social_security))
        && !number.precedes_a_letter()
        && !number.is_joined_to_others(&["-", "."])
        && !number.is_of_a_code()
        && (is_social() || !number.context().mentions_numbering)
}
