//! Whether there is a number of these digits, by the numbering plans of `phonelib`.

use std::sync::LazyLock;

/// Calling codes of countries, tried in turn.
type Countries = &'static [&'static str];

/// Countries whose numbers begin with a zero at home: Germany, Britain, France, the Netherlands, Belgium, Austria, Switzerland,
/// Sweden, Australia, Japan, Korea, Turkey, Ukraine, South Africa, India.
pub(super) const WITH_TRUNK: Countries =
    &["49", "44", "33", "31", "32", "43", "41", "46", "61", "81", "82", "90", "380", "27", "91"];
/// Italy, whose numbers keep the zero.
pub(super) const WITH_ZERO: Countries = &["39"];
/// Countries in which people write whole numbers in one piece: North America, Spain, Portugal, Poland, India, Denmark, Norway,
/// Italy, Mexico, China, Brazil, Greece.
pub(super) const BARE: Countries = &["1", "34", "351", "48", "91", "45", "47", "39", "52", "86", "55", "30"];
pub(super) const NORTH_AMERICA: Countries = &["1"];
pub(super) const BRAZIL: Countries = &["55"];
pub(super) const CHINA: Countries = &["86"];
pub(super) const RUSSIA: Countries = &["7"];

/// Digits of the longest number (ITU-T E.164).
const MOST_DIGITS: usize = 15;
/// `+` and the longest calling code.
const LONGEST_PREFIX: usize = 4;
/// Digits of the longest calling code with the area codes of one country, as in `1268`.
const LONGEST_CODE: usize = 4;
const CALLING_CODES: usize = 10_000;
/// In Russia the trunk prefix is an eight, and people write the calling code twice.
const TWICE: &str = "7";

/// Lengths of national numbers by calling code, one bit each. Most candidates have none of them, and this is quick to see.
static LENGTHS: LazyLock<Vec<u32>> = LazyLock::new(|| {
    let mut lengths = vec![0; CALLING_CODES];
    for country in phonelib::countries() {
        let bits = country.phone_lengths.iter().fold(0, |bits, length| bits | 1 << length);
        if let Some(place) = usize::try_from(country.prefix).ok().and_then(|code| lengths.get_mut(code)) {
            *place |= bits;
        }
    }
    lengths
});

fn lengths(calling_code: usize) -> u32 {
    LENGTHS.get(calling_code).copied().unwrap_or_default()
}

/// The digits of a number, on the stack: most candidates are none.
pub(super) struct Digits {
    /// The digits, with room for a calling code before them.
    written: [u8; LONGEST_PREFIX + MOST_DIGITS],
    length: usize,
}

impl Digits {
    pub(super) fn new(digits: impl Iterator<Item = u8>) -> Self {
        let mut written = [0; LONGEST_PREFIX + MOST_DIGITS];
        let mut length = 0;
        for (place, digit) in written.iter_mut().skip(LONGEST_PREFIX).zip(digits) {
            *place = digit;
            length += 1;
        }
        Self { written, length }
    }

    /// Whether they are a number with its calling code.
    pub(super) fn are_international(mut self) -> bool {
        let digits = self.written.get(LONGEST_PREFIX..LONGEST_PREFIX + self.length).unwrap_or_default();
        let mut code = 0;
        // A trunk prefix may stand behind the calling code, two digits in Hungary. `+00` is taken for `+`.
        let may_be = digits.starts_with(b"0")
            || digits.iter().enumerate().take(LONGEST_CODE).any(|(place, digit)| {
                code = code * 10 + usize::from(digit - b'0');
                let lengths = lengths(code);
                (lengths | lengths << 1 | lengths << 2) & 1 << (digits.len() - place - 1) != 0
            });
        may_be && self.are_valid_behind("")
    }

    /// Whether any of these countries has such a national number.
    pub(super) fn are_of(mut self, countries: &[&str]) -> bool {
        let length = 1 << self.length;
        let begins_with_zero = self.written.get(LONGEST_PREFIX) == Some(&b'0');
        let may_be = |calling_code: &str| {
            let lengths = calling_code.parse().map_or(0, lengths);
            let may_have_trunk_prefix = begins_with_zero || calling_code == TWICE;
            lengths & length != 0 || (may_have_trunk_prefix && (lengths << 1) & length != 0)
        };
        countries.iter().any(|calling_code| may_be(calling_code) && self.are_valid_behind(calling_code))
    }

    fn are_valid_behind(&mut self, calling_code: &str) -> bool {
        let prefix = [b'+'].into_iter().chain(calling_code.bytes());
        let start = LONGEST_PREFIX.saturating_sub(1 + calling_code.len());
        for (place, byte) in self.written.iter_mut().skip(start).zip(prefix) {
            *place = byte;
        }
        self.written
            .get(start..LONGEST_PREFIX + self.length)
            .and_then(|number| std::str::from_utf8(number).ok())
            .is_some_and(phonelib::is_valid_phone_number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lengths_exclude_no_valid_number(digits in "[0-9]{1,15}") {
            let all = [WITH_TRUNK, WITH_ZERO, BARE, RUSSIA];
            for calling_code in all.into_iter().flatten() {
                let is_valid = phonelib::is_valid_phone_number(&format!("+{calling_code}{digits}"));
                prop_assert_eq!(Digits::new(digits.bytes()).are_of(&[calling_code]), is_valid, "+{}{}", calling_code, digits);
            }
            let is_valid = phonelib::is_valid_phone_number(&format!("+{digits}"));
            prop_assert_eq!(Digits::new(digits.bytes()).are_international(), is_valid, "+{}", digits);
        }
    }
}
