//! Kinds of characters, as words and numbers are made of them.

use unicode_normalization::char::is_combining_mark;

/// Whether it goes on a word. In scripts that set no words apart no character does.
pub(super) fn is_of_a_word(character: char) -> bool {
    (character.is_alphanumeric() || is_combining_mark(character)) && !is_unspaced(character)
}

/// Whether it is of a script that sets no words apart.
pub(super) fn is_unspaced(character: char) -> bool {
    matches!(character, '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{f900}'..='\u{faff}')
}
