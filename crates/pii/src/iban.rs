//! International bank account numbers: the country, its length, and the check digits (ISO 13616).

use std::ops::Range;

use super::characters::is_of_a_word;

/// The countries of the registry, and how long their numbers are.
const LENGTHS: [(&str, usize); 89] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("AZ", 28),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BI", 27),
    ("BR", 29),
    ("BY", 28),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DJ", 27),
    ("DK", 18),
    ("DO", 28),
    ("EE", 20),
    ("EG", 29),
    ("ES", 24),
    ("FI", 18),
    ("FK", 18),
    ("FO", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GL", 18),
    ("GR", 27),
    ("GT", 28),
    ("HN", 28),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IQ", 23),
    ("IS", 26),
    ("IT", 27),
    ("JO", 30),
    ("KW", 30),
    ("KZ", 20),
    ("LB", 28),
    ("LC", 32),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("LY", 25),
    ("MC", 27),
    ("MD", 24),
    ("ME", 22),
    ("MK", 19),
    ("MN", 20),
    ("MR", 27),
    ("MT", 31),
    ("MU", 30),
    ("NI", 28),
    ("NL", 18),
    ("NO", 15),
    ("OM", 23),
    ("PK", 24),
    ("PL", 28),
    ("PS", 29),
    ("PT", 25),
    ("QA", 29),
    ("RO", 24),
    ("RS", 22),
    ("RU", 33),
    ("SA", 24),
    ("SC", 31),
    ("SD", 18),
    ("SE", 24),
    ("SI", 19),
    ("SK", 24),
    ("SM", 27),
    ("SO", 23),
    ("ST", 25),
    ("SV", 28),
    ("TL", 23),
    ("TN", 24),
    ("TR", 26),
    ("UA", 29),
    ("VA", 22),
    ("VG", 24),
    ("XK", 20),
    ("YE", 30),
];

/// Letters that may stand right before or behind an account number, as in `IBANDE89…`.
const MOST_GLUED: usize = 8;

/// Whether it may stand between the parts of an account number.
pub(super) fn parts_an_account(sign: char) -> bool {
    matches!(sign, ' ' | '\t' | '-' | '.')
}

/// The account number at the beginning of a candidate, as far as it goes.
pub(super) fn iban(text: &str, place: &Range<usize>) -> Option<Range<usize>> {
    if !may_begin(text.get(..place.start)?) {
        return None;
    }
    let candidate = text.get(place.clone())?;
    let length = length_of(&candidate.get(..2)?.to_ascii_uppercase())?;
    let mut written = candidate.char_indices().filter(|(_, character)| character.is_ascii_alphanumeric());
    let (last, _) = written.nth(length - 1)?;
    let end = place.start + last + 1;
    if !may_end(text.get(end..)?) {
        return None;
    }
    has_check_digits(candidate.get(..=last)?).then_some(place.start..end)
}

/// How long the numbers of a country are.
fn length_of(country: &str) -> Option<usize> {
    let place = LENGTHS.binary_search_by_key(&country, |(known, _)| known).ok()?;
    LENGTHS.get(place).map(|(_, length)| *length)
}

/// Where a candidate ends that is written like an account number, with the country and the length of one, and is none: it was
/// mistyped.
pub(super) fn mistyped(text: &str, place: &Range<usize>) -> Option<usize> {
    let candidate = text.get(place.clone())?;
    let length = length_of(candidate.get(..2)?)?;
    let mut written = candidate.char_indices().filter(|(_, character)| character.is_ascii_alphanumeric());
    let (last, _) = written.nth(length - 1)?;
    // In capitals, and in groups of four or in one piece.
    let number = candidate.get(..=last)?;
    let mut groups = number.split(parts_an_account).peekable();
    let mut is_grouped = true;
    while let Some(group) = groups.next() {
        is_grouped &= group.len() == 4 || (group.len() < 4 && groups.peek().is_none()) || group.len() == length;
    }
    (is_grouped && !number.bytes().any(|byte| byte.is_ascii_lowercase())).then(|| place.start + last + 1)
}

/// Whether no word goes on into the number, but for a short one of letters alone.
fn may_begin(before: &str) -> bool {
    let letters = before.chars().rev().take(MOST_GLUED + 1).take_while(|letter| letter.is_alphabetic()).count();
    letters <= MOST_GLUED && !before.chars().rev().nth(letters).is_some_and(|before| before.is_ascii_digit())
}

/// Whether no word goes on from the number, but for a short one of letters alone.
fn may_end(after: &str) -> bool {
    let letters = after.chars().take(MOST_GLUED + 1).take_while(|letter| is_of_a_word(*letter) && !letter.is_numeric());
    let letters = letters.count();
    letters <= MOST_GLUED && !after.chars().nth(letters).is_some_and(|after| after.is_ascii_digit())
}

/// ISO 7064, MOD 97-10: the first four characters moved to the end, letters counted from 10.
fn has_check_digits(number: &str) -> bool {
    let characters = || number.bytes().filter(u8::is_ascii_alphanumeric);
    let remainder = characters().skip(4).chain(characters().take(4)).fold(0_u32, |remainder, character| {
        let value = match character {
            b'0'..=b'9' => u32::from(character - b'0'),
            letter => u32::from(letter.to_ascii_uppercase() - b'A') + 10,
        };
        let shift = if value < 10 { 10 } else { 100 };
        (remainder * shift + value) % 97
    });
    remainder == 1
}
