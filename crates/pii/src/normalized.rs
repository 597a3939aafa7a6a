//! A normalized text, with the position of each character in the original.

use unicode_normalization::UnicodeNormalization;

/// Bytes of the longest entity that is decoded, `&commat;`.
const LONGEST_ENTITY: usize = 8;

/// A text without zero-width characters, with plain spaces, dashes, digits and letters, and with percent and entity encoding
/// decoded. Only where it differs from the original, so most texts are not copied.
pub(super) struct Normalized<'a> {
    original: &'a str,
    /// The text and, for each byte and the end, the position in the original; `None`: the original is normalized.
    changed: Option<(String, Vec<usize>)>,
}

impl<'a> Normalized<'a> {
    pub(super) fn new(original: &'a str) -> Self {
        let Some(first) = first_difference(original) else { return Self { original, changed: None } };
        let mut text = String::with_capacity(original.len());
        let mut places = Vec::with_capacity(original.len() + 1);
        text.push_str(original.get(..first).unwrap_or_default());
        places.extend(0..first);
        let mut at = first;
        while let Some(rest) = original.get(at..).filter(|rest| !rest.is_empty()) {
            let (decoded, length) = decode(rest);
            let before = text.len();
            match decoded {
                Decoded::Nothing => {}
                Decoded::One(character) => text.push(character),
                Decoded::Compatible(character) => text.extend(std::iter::once(character).nfkc()),
            }
            places.extend(std::iter::repeat_n(at, text.len() - before));
            at += length;
        }
        places.push(original.len());
        Self { original, changed: Some((text, places)) }
    }

    /// The text to search.
    pub(super) fn text(&self) -> &str {
        self.changed.as_ref().map_or(self.original, |(text, _)| text)
    }

    /// The original from one place of the text to another.
    pub(super) fn original(&self, start: usize, end: usize) -> &'a str {
        self.original.get(self.place(start, end)).unwrap_or_default()
    }

    /// The range in the original of a match from `start` to `end`.
    pub(super) fn place(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        let Some((_, places)) = &self.changed else { return start..end };
        let place = |at: usize| places.get(at).copied().unwrap_or(self.original.len());
        // Zero-width characters behind the last character are left.
        let mut last = place(end.saturating_sub(1));
        while !self.original.is_char_boundary(last) {
            last -= 1;
        }
        let length = self.original.get(last..).map_or(0, |rest| decode(rest).1);
        place(start)..last + length
    }
}

/// The first byte from which a text is not normalized.
fn first_difference(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes.get(from..)?.iter().position(|byte| !byte.is_ascii() || matches!(byte, b'%' | b'&')) {
        let at = from + found;
        let rest = text.get(at..)?;
        let (decoded, length) = decode(rest);
        let is_same =
            matches!(decoded, Decoded::One(character) if character.len_utf8() == length && rest.starts_with(character));
        if !is_same {
            return Some(at);
        }
        from = at + length;
    }
    None
}

enum Decoded {
    /// The character has no width.
    Nothing,
    One(char),
    /// The compatibility form of this character.
    Compatible(char),
}

/// The first character of a text that is not empty, as it is searched, and its length in the text.
fn decode(text: &str) -> (Decoded, usize) {
    let Some(character) = text.chars().next() else { return (Decoded::Nothing, 1) };
    let decoded = match character {
        '%' => return percent(text).map_or((Decoded::One('%'), 1), |character| (Decoded::One(character), 3)),
        '&' => {
            return entity(text)
                .map_or((Decoded::One('&'), 1), |(character, length)| (Decoded::One(character), length));
        }
        // Soft hyphen, zero-width space and joiners, marks of direction, byte order mark.
        '\u{ad}'
        | '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{2066}'..='\u{2069}'
        | '\u{feff}'
        | '\u{180e}' => Decoded::Nothing,
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Decoded::One(' '),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' => Decoded::One('-'),
        // Digits of Arabic, Persian, Hindi and Bengali.
        '\u{660}'..='\u{669}' => Decoded::One(digit(character, '\u{660}')),
        '\u{6f0}'..='\u{6f9}' => Decoded::One(digit(character, '\u{6f0}')),
        '\u{966}'..='\u{96f}' => Decoded::One(digit(character, '\u{966}')),
        '\u{9e6}'..='\u{9ef}' => Decoded::One(digit(character, '\u{9e6}')),
        // Letters, digits and signs that are written wide, or for mathematics.
        '\u{ff01}'..='\u{ff5e}' | '\u{fe50}'..='\u{fe6b}' | '\u{1d400}'..='\u{1d7ff}' => Decoded::Compatible(character),
        _ => Decoded::One(character),
    };
    (decoded, character.len_utf8())
}

/// A digit as it is written from 0 to 9.
fn digit(character: char, zero: char) -> char {
    char::from_digit(u32::from(character) - u32::from(zero), 10).unwrap_or(character)
}

/// `%40`: a character of ASCII that is printed, or a space.
fn percent(text: &str) -> Option<char> {
    let digits = text.get(1..3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    let byte = u8::from_str_radix(digits, 16).ok()?;
    (byte.is_ascii_graphic() || byte == b' ').then_some(char::from(byte))
}

/// `&#64;`, `&#x40;`, `&commat;`, and the length of it.
fn entity(text: &str) -> Option<(char, usize)> {
    let near = text.bytes().take(LONGEST_ENTITY).position(|byte| byte == b';')?;
    let character = match text.get(1..near)? {
        "commat" => '@',
        "period" => '.',
        "colon" => ':',
        "plus" => '+',
        "nbsp" | "ensp" | "emsp" | "thinsp" => ' ',
        "ndash" | "mdash" | "hyphen" | "dash" => '-',
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        name => {
            let number = name.strip_prefix('#')?;
            let number = match number.strip_prefix(['x', 'X']) {
                Some(number) => u32::from_str_radix(number, 16),
                None => number.parse(),
            };
            char::from_u32(number.ok()?).filter(|character| character.is_ascii_graphic() || *character == ' ')?
        }
    };
    Some((character, near + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_normalized_and_mapped_to_the_original() {
        for (original, text) in [
            ("plain text, 100 % of it & more", "plain text, 100 % of it & more"),
            ("größer als Ω", "größer als Ω"),
            ("a\u{200b}b\u{ad}c", "abc"),
            ("1\u{a0}2\u{2009}3\u{2011}4", "1 2 3-4"),
            ("a%40b.c%20d%zz%0a", "a@b.c d%zz%0a"),
            ("a&#64;b&#x40;c&commat;d&amp;&unknown;", "a@b@c@d&&unknown;"),
            ("\u{ff14}\u{ff11}\u{ff20}ab\u{1d7ce}", "41@ab0"),
            ("\u{6f0}\u{6f9}\u{661}\u{96f}", "0919"),
            ("e\u{301}", "e\u{301}"),
            ("", ""),
        ] {
            let normalized = Normalized::new(original);
            assert_eq!(normalized.text(), text);
            assert_eq!(normalized.changed.is_some(), original != text, "{original}");
            let end = text.len();
            if end > 0 {
                assert_eq!(normalized.place(0, end).start, 0);
            }
        }
        let original = "x\u{200b}\u{ff14}\u{ff11}\u{200b}y";
        let normalized = Normalized::new(original);
        assert_eq!(original.get(normalized.place(1, 3)), Some("\u{ff14}\u{ff11}"));
    }
}
