//! Phone numbers, international and national: their shapes here, the numbering plans by `phonelib`.

use super::digit_groups::Window;

/// Countries whose numbers begin with a zero at home; tried in turn.
const WITH_TRUNK: [&str; 16] =
    ["DE", "GB", "FR", "IT", "NL", "BE", "AT", "CH", "SE", "AU", "JP", "KR", "TR", "UA", "ZA", "IN"];

/// Whether it is a phone number that somebody could be called by.
pub(super) fn is_phone(number: &Window<'_>) -> bool {
    let count = number.count();
    if !(8..=15).contains(&count) || !is_balanced(number.written()) {
        return false;
    }
    let written = number.written();
    if written.starts_with('+') || written.starts_with("(+") {
        return phonelib::is_valid_phone_number(&international(number, 0));
    }
    let context = number.context();
    let is_of_a_call = context.is_of_a_call();
    if !is_of_a_call && context.is_of_a_count() {
        return false;
    }
    if number.group(0).starts_with("00") {
        return count >= 11 && phonelib::is_valid_phone_number(&international(number, 2));
    }
    let digits: String = number.digits().map(char::from).collect();
    is_north_american(number, &digits, is_of_a_call)
        || has_trunk_zero(number, &digits, is_of_a_call)
        || has_national_shape(number, &digits)
        || (is_of_a_call && is_bare(number, &digits))
}

/// `415-555-0123`, `(415) 555 0123`, `1.415.555.0123`.
fn is_north_american(number: &Window<'_>, digits: &str, is_of_a_call: bool) -> bool {
    let skipped = usize::from(number.group(0) == "1" && number.groups() == 4);
    let groups: Vec<_> = number.shape().skip(skipped).collect();
    let is_marked = number.written().contains('(') || number.is_joined_by(&["-", ".", "\u{2011}", "\u{2010}"]);
    // In groups with spaces it might be any number; most of those have no such first and fourth digit.
    let is_shaped = groups == [3, 3, 4] && (is_marked || number.is_joined_by(&[" ", "\u{a0}"]) || is_of_a_call);
    let exchange = number.group(skipped + 1);
    is_shaped && !exchange.starts_with(['0', '1']) && is_number_of(digits, "US")
}

/// `030 1234567`, `020 7946 0958`, `06 12 34 56 78`, `(0171) 1234567`.
fn has_trunk_zero(number: &Window<'_>, digits: &str, is_of_a_call: bool) -> bool {
    let starts = number.group(0).starts_with('0') && !number.group(0).starts_with("00");
    let in_one_piece = number.groups() == 1;
    let enough = if in_one_piece { 10..=12 } else { 9..=12 };
    // A decimal, an amount or an outline is not dialled.
    let is_written_so = !number.written().contains("..") && number.group(0).len() >= 2;
    starts
        && is_written_so
        && enough.contains(&number.count())
        && (!in_one_piece || is_of_a_call || is_mobile_in_one_piece(number.group(0)))
        && (number.groups() <= 5 || number.is_joined_by(&[" ", ".", "-", "\u{a0}"]))
        && WITH_TRUNK.iter().any(|country| is_number_of(digits, country))
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
fn has_national_shape(number: &Window<'_>, digits: &str) -> bool {
    let in_brackets = number.written().starts_with('(');
    let brazilian = in_brackets && (number.has_shape(&[2, 5, 4]) || number.has_shape(&[2, 4, 4]));
    let russian = number.has_shape(&[1, 3, 3, 2, 2]) && number.group(0) == "8";
    let chinese = number.has_shape(&[3, 4, 4]) && number.group(0).starts_with('1');
    (brazilian && is_number_of(digits, "BR"))
        || (russian && is_number_of(digits, "RU"))
        || (chinese && is_number_of(digits, "CN"))
}

/// What people write after words like "call": eight digits or more, however they are grouped.
fn is_bare(number: &Window<'_>, digits: &str) -> bool {
    const COUNTRIES: [&str; 12] = ["US", "ES", "PT", "PL", "IN", "DK", "NO", "IT", "MX", "CN", "BR", "GR"];
    number.groups() <= 5 && COUNTRIES.iter().any(|country| is_number_of(digits, country))
}

fn is_number_of(digits: &str, country: &str) -> bool {
    phonelib::PhoneNumber::parse_with_country(digits, country).is_some()
}

/// The digits after the first `access`, as an international number; a zero in brackets is dialled at home only.
fn international(number: &Window<'_>, access: usize) -> String {
    let written = number.written().replace("(0)", "");
    let digits = written.chars().filter(char::is_ascii_digit).skip(access);
    std::iter::once('+').chain(digits).collect()
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
