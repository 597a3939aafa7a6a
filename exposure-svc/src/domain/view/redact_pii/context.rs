//! The words before a number, which say what it is where its shape does not.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// Bytes before a number that are looked at: three or four words.
const REACH: usize = 28;

/// Words that come before phone numbers, in the languages we know them in.
const CALLS: [&str; 45] = [
    "tel",
    "phone",
    "call",
    "mobile",
    "mobil",
    "cell",
    "fax",
    "whatsapp",
    "signal",
    "sms",
    "text me",
    "ring",
    "dial",
    "reach me",
    "contact",
    "ruf",
    "handy",
    "anruf",
    "nummer ist",
    "erreichbar",
    "rufnummer",
    "durchwahl",
    "appel",
    "portable",
    "joindre",
    "numéro",
    "fijo",
    "móvil",
    "movil",
    "teléfono",
    "llama",
    "llámame",
    "celular",
    "cellulare",
    "chiama",
    "telemóvel",
    "liga",
    "bel ",
    "bellen",
    "komórka",
    "zadzwo",
    "my number",
    "电话",
    "手机",
    "電話",
];

/// Words that come before numbers which are nobody's.
const COUNTS: [&str; 50] = [
    "order",
    "invoice",
    "isbn",
    "issn",
    "ean",
    "upc",
    "sku",
    "version",
    "release",
    "build",
    "ticket",
    "ref.",
    "ref ",
    "ref:",
    "referenc",
    "serial",
    "part no",
    "part #",
    "tracking",
    "batch",
    "lot ",
    "case ",
    "issue",
    "article",
    "item",
    "imei",
    "model",
    "bestell",
    "rechnung",
    "artikel",
    "kunden",
    "auftrag",
    "vorgang",
    "commande",
    "facture",
    "dossier",
    "référence",
    "pedido",
    "factura",
    "ordine",
    "fattura",
    "número de serie",
    "zamówien",
    "timestamp",
    "firmware",
    "coordinates",
    "doi",
    "section",
    "chapter",
    "paragraph",
];

/// Words that come before the numbers of versions and outlines, which look like addresses.
const VERSIONS: [&str; 7] = ["version", "release", "firmware", "section", "chapter", "paragraph", "semver"];

/// Words that come before a social security number.
const SOCIAL: [&str; 3] = ["ssn", "social security", "soc sec"];

#[expect(clippy::expect_used, reason = "the words are constants, and tests use them")]
fn words(words: &[&str]) -> AhoCorasick {
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("a list of words")
}

static CALLS_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| words(&CALLS));
static COUNTS_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| words(&COUNTS));
static VERSIONS_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| words(&VERSIONS));
static SOCIAL_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| words(&SOCIAL));

/// What stands before a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a>(&'a str);

impl<'a> Context<'a> {
    /// What stands before `start`, in the same sentence.
    pub(super) fn before(text: &'a str, start: usize) -> Self {
        let mut from = start.saturating_sub(REACH);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let before = text.get(from..start).unwrap_or_default();
        let sentence = before.rfind(['\n', ';', '!', '?']).map_or(0, |end| end + 1);
        Self(before.get(sentence..).unwrap_or_default())
    }

    /// Whether one of the words begins in it as a word, where its script sets words apart: "Bestellung" is no "tel".
    fn has(self, words: &AhoCorasick) -> bool {
        words.find_overlapping_iter(self.0).any(|found| {
            let word = self.0.get(found.range()).unwrap_or_default();
            let before = self.0.get(..found.start()).unwrap_or_default().chars().next_back();
            !word.starts_with(|first: char| first.is_ascii()) || !before.is_some_and(char::is_alphabetic)
        })
    }

    /// It speaks of calling somebody.
    pub(super) fn is_of_a_call(self) -> bool {
        self.has(&CALLS_FINDER) || self.0.contains(['☎', '📞', '📱'])
    }

    /// It speaks of things that are numbered.
    pub(super) fn is_of_a_count(self) -> bool {
        self.has(&COUNTS_FINDER) || self.0.trim_end().ends_with(['#', '№', '=', '$', '€', '£', '¥'])
    }

    /// It speaks of versions, or of parts of a text; of the number that comes next, and not of another before it.
    pub(super) fn is_of_a_version(self) -> bool {
        let since = self.0.rfind(|sign: char| sign.is_ascii_digit()).map_or(0, |end| end + 1);
        Self(self.0.get(since..).unwrap_or_default()).has(&VERSIONS_FINDER)
    }

    /// It speaks of social security.
    pub(super) fn is_of_social_security(self) -> bool {
        self.has(&SOCIAL_FINDER)
    }
}
