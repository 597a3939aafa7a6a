//! Payment cards: known issuers, the lengths they use, and the check digit (ISO/IEC 7812-1).

use super::digit_groups::{Sequence, Window};

/// Digits of the longest number.
const MOST_DIGITS: usize = 19;

/// The longest card number that begins with this group.
pub(super) fn card<'a>(sequence: &'a Sequence<'a>, first: usize) -> Option<Window<'a>> {
    let begins = sequence.window(first, first + 1);
    // Most groups are not those that a card number begins with.
    if !matches!(begins.count(), 4 | 13..=MOST_DIGITS)
        || begins.written().starts_with(['+', '('])
        || !may_be_issued(&begins)
    {
        return None;
    }
    let is_joint = |sign: &str| !sign.contains(['(', ')']);
    let cards = sequence.windows(first, MOST_DIGITS, is_joint).filter(is_card);
    cards.last()
}

/// Whether it is the number of a payment card, written in one piece or in groups.
fn is_card(number: &Window<'_>) -> bool {
    number.count() >= 13 && is_grouped(number) && !is_of_another(number) && is_issued(number) && has_check_digit(number)
}

fn is_grouped(number: &Window<'_>) -> bool {
    let groups = number.groups();
    if groups == 1 || number.has_shape(&[4, 6, 5]) || number.has_shape(&[4, 6, 4]) {
        return true;
    }
    number.shape().enumerate().all(|(index, length)| length == 4 || (index + 1 == groups && length <= 4))
}

/// Whether its neighbors show that it is part of something else. Words do not matter: a number that is valid is a card.
fn is_of_another(number: &Window<'_>) -> bool {
    number.is_of_a_digest() || number.is_of_a_decimal() || number.is_of_a_code()
}

/// Whether any issuer uses numbers that begin with these digits.
fn may_be_issued(number: &Window<'_>) -> bool {
    number.digits().next().is_some_and(|first| matches!(first, b'2'..=b'6'))
}

/// Whether an issuer uses numbers that begin like it and are as long.
fn is_issued(number: &Window<'_>) -> bool {
    let length = number.count();
    let prefix =
        |digits: usize| number.digits().take(digits).fold(0, |so_far, digit| so_far * 10 + u32::from(digit - b'0'));
    let (two, three, four) = (prefix(2), prefix(3), prefix(4));
    match prefix(1) {
        4 => matches!(length, 13 | 16 | 19),
        5 if (51..=55).contains(&two) => length == 16,
        2 => (2221..=2720).contains(&four) && length == 16,
        3 if matches!(two, 34 | 37) => length == 15,
        3 if (300..=305).contains(&three) || matches!(two, 36 | 38 | 39) => (14..=19).contains(&length),
        3 if (3528..=3589).contains(&four) => (16..=19).contains(&length),
        6 if four == 6011 || two == 65 || two == 62 || (644..=649).contains(&three) => (16..=19).contains(&length),
        // Debit cards of many banks.
        5 | 6 => matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763) && (13..=19).contains(&length),
        _ => false,
    }
}

/// The sum of H. P. Luhn (US patent 2950048).
fn has_check_digit(number: &Window<'_>) -> bool {
    let sum: u32 = number
        .digits()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit - b'0');
            match (place % 2, digit) {
                (0, digit) => digit,
                (_, digit @ 0..=4) => digit * 2,
                (_, digit) => digit * 2 - 9,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
