//! Context words before a number, which classify it if its shape does not.

use std::{collections::HashMap, sync::LazyLock};

use foldhash::fast::RandomState;

use super::{
    characters::is_unspaced,
    words::{CALLS, COUNTS, FILLERS, NUMBERED, SOCIAL, UNSPACED_CALLS, VERSIONS},
};

/// Bytes before a number that are read: some five words.
const REACH: usize = 40;
/// The number of words before a number that are searched for a context word.
const WORDS_OF_A_CALL: usize = 5;
/// Words between a word that counts and its number at most.
const MOST_FILLERS: usize = 2;

/// The meaning of a word.
const CALL: u8 = 1;
const COUNT: u8 = 2;
const FILLER: u8 = 4;
const VERSION: u8 = 8;
const SOCIAL_SECURITY: u8 = 16;

static MEANINGS: LazyLock<HashMap<&str, u8, RandomState>> = LazyLock::new(|| {
    let lists = [(CALLS, CALL), (COUNTS, COUNT), (FILLERS, FILLER), (VERSIONS, VERSION), (SOCIAL, SOCIAL_SECURITY)];
    let mut meanings = HashMap::default();
    for (word, meaning) in lists.iter().flat_map(|(words, meaning)| words.iter().map(move |word| (*word, *meaning))) {
        *meanings.entry(word).or_default() |= meaning;
    }
    meanings
});

/// The meaning of a word, or of the last part of a compound.
fn meaning(word: &str) -> u8 {
    let of = |word: &str| MEANINGS.get(word).copied().unwrap_or_default();
    let bare = word.trim_end_matches('.');
    let found = of(word) | if bare.len() < word.len() { of(bare) } else { 0 };
    found | bare.rsplit_once('-').map_or(0, |(_, last)| of(last))
}

/// The meaning of the words before a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "several can be true at once")]
pub(super) struct Context {
    /// That it is a phone number.
    pub(super) mentions_calling: bool,
    /// That it is the number of a thing.
    pub(super) mentions_numbering: bool,
    /// That it is the number of a version, or of a part of a text.
    pub(super) mentions_version: bool,
    /// That a word of a version is near it.
    pub(super) is_near_version: bool,
    /// That it is a social security number.
    pub(super) mentions_ssn: bool,
}

impl Context {
    /// Of a number that begins at `start`: the words before it in the same sentence.
    pub(super) fn before(text: &str, start: usize) -> Self {
        let mut from = start.saturating_sub(REACH);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let before = text.get(from..start).unwrap_or_default();
        let sentence = before.rfind(['\n', ';', '!', '?']).map_or(0, |end| end + 1);
        let before = before.get(sentence..).unwrap_or_default();
        // A truncated word does not count.
        let cut = if from > 0 && sentence == 0 { before.find(is_between_words).unwrap_or(before.len()) } else { 0 };
        let lower = before.get(cut..).unwrap_or_default().to_lowercase();
        let mut context = Self {
            mentions_calling: lower.contains(['☎', '📞', '📱', '✆'])
                || (lower.contains(is_unspaced) && UNSPACED_CALLS.iter().any(|word| lower.contains(word))),
            mentions_numbering: lower.trim_end().ends_with(['$', '€', '£', '¥', '№']),
            ..Self::default()
        };
        let (mut fillers, mut only_fillers) = (0, true);
        let words = lower.rsplit(is_between_words).filter(|word| !word.is_empty());
        for (distance, word) in words.take(WORDS_OF_A_CALL).enumerate() {
            let bare = word.trim_end_matches('.');
            let last = bare.rsplit('-').next().unwrap_or(bare);
            let meaning = meaning(word);
            let is = |one: u8| meaning & one != 0;
            let is_social = is(SOCIAL_SECURITY) || last.starts_with("sozialversicherung");
            context.mentions_calling |=
                (is(CALL) && (bare != "number" || distance < 2)) || (bare == "au" && distance == 0);
            context.mentions_ssn |= is_social;
            context.is_near_version |= is(VERSION);
            if only_fillers {
                context.mentions_numbering |= (is(COUNT) || is_number_of_a_thing(last)) && !is_social;
                context.mentions_version |= is(VERSION) && distance == 0;
                // Parts of a longer code are no words.
                let is_glued = distance == 0 && lower.ends_with(char::is_alphanumeric);
                let is_code = is_glued || bare.contains(|character: char| character.is_ascii_digit());
                fillers += usize::from(!is_code);
                only_fillers = is_code || (is(FILLER) && fillers <= MOST_FILLERS);
            }
        }
        context
    }
}

/// Whether it is a word of a call.
pub(super) fn is_word_of_a_call(word: &str) -> bool {
    meaning(&word.to_lowercase()) & CALL != 0
}

/// Whether it is a word of social security.
pub(super) fn is_word_of_social_security(word: &str) -> bool {
    meaning(&word.to_lowercase()) & SOCIAL_SECURITY != 0
}

/// `Bestellnummer`, `Rechnungsnr`: a thing that is numbered, and not `Handynummer` or another word that we do not know.
fn is_number_of_a_thing(word: &str) -> bool {
    let thing = ["nummern", "nummer", "nr"].iter().find_map(|ending| word.strip_suffix(ending));
    thing.is_some_and(|thing| NUMBERED.contains(&thing))
}

/// What sets words apart; a full stop and a hyphen do not, as in `Tel.` and `appelle-moi`.
fn is_between_words(character: char) -> bool {
    !(character.is_alphanumeric() || matches!(character, '.' | '-' | '°' | 'º' | '№' | '§' | '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn context_words_are_whole_and_counting_words_adjacent() {
        let of = |text: &str| Context::before(text, text.len());
        for text in ["call me on ", "Tel.: ", "phone=", "Handy ", "appelle-moi au ", "我的电话是", "☎ "] {
            assert!(of(text).mentions_calling, "{text}");
        }
        for text in ["Bestellung ", "recall ", "cellar ", "telling ", "called it a day; ", "", "a b c d e f "] {
            assert!(!of(text).mentions_calling, "{text}");
        }
        for text in
            ["order ", "Order no. ", "invoice number: ", "Bestellnummer ", "ISBN ", "costs $", "ref #", "case id is "]
        {
            assert!(of(text).mentions_numbering, "{text}");
        }
        for text in
            ["In case of emergency: ", "building office ", "Kundenberaterin Ute ", "order from ", "Telefonnummer ", "#"]
        {
            assert!(!of(text).mentions_numbering, "{text}");
        }
        assert!(of("version ").mentions_version && !of("new release at ").mentions_version);
        assert!(of("SSN: ").mentions_ssn);
    }
}
