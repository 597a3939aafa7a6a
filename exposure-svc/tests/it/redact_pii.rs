//! What `redact_pii` finds in texts as people write them, and what it leaves alone.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use pii::{Found, Pii, find_pii, redact_pii};
use proptest::prelude::*;

/// A text without its brackets, and what stood in them.
fn read(marked: &str) -> (String, Vec<Found>) {
    let (mut text, mut found, mut rest) = (String::new(), Vec::new(), marked);
    while let Some((before, after)) = rest.split_once('⟦') {
        let (inside, after) = after.split_once('⟧').unwrap();
        let (kind, value) = inside.split_once('|').unwrap();
        text.push_str(before);
        let start = text.len();
        text.push_str(value);
        found.push(Found { kind: kind_named(kind), place: start..text.len() });
        rest = after;
    }
    text.push_str(rest);
    (text, found)
}

fn kind_named(name: &str) -> Pii {
    let kinds = [Pii::Email, Pii::Phone, Pii::Card, Pii::Iban, Pii::IpAddress, Pii::Ssn];
    kinds.into_iter().find(|kind| kind.placeholder() == format!("[{name}]")).unwrap()
}

fn corpus(name: &str) -> Vec<(String, Vec<Found>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name);
    let lines = std::fs::read_to_string(path).unwrap();
    let items: Vec<_> = lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| read(line.split_once('\t').unwrap().1))
        .collect();
    let (with, without): (Vec<_>, Vec<_>) = items.iter().partition(|(_, found)| !found.is_empty());
    assert!(with.len().abs_diff(without.len()) < 20, "{} {}", with.len(), without.len());
    items
}

#[derive(Default)]
struct Score {
    right: f64,
    found: f64,
    there: f64,
}

/// Prints the score of each kind, and holds precision and recall to their floors. Something counts as found when its kind and
/// both its ends are right.
fn hold(name: &str, floor_of_a_kind: f64, floor_of_all: f64) {
    let mut scores: BTreeMap<&str, Score> = BTreeMap::new();
    for (text, expected) in corpus(name) {
        let found = find_pii(&text);
        for (list, is_found) in [(&found, true), (&expected, false)] {
            for item in list {
                for kind in [item.kind.placeholder(), "all"] {
                    let score = scores.entry(kind).or_default();
                    *(if is_found { &mut score.found } else { &mut score.there }) += 1.0;
                    if is_found && expected.contains(item) {
                        score.right += 1.0;
                    }
                }
            }
        }
        if found != expected {
            println!("{text}\n    found {found:?}\n    expected {expected:?}");
        }
    }
    println!("{name:20} precision recall  of");
    for (kind, Score { right, found, there }) in &scores {
        let (precision, recall) = (right / found, right / there);
        println!("{kind:20}     {precision:.3}  {recall:.3} {there:3}");
        let floor = if *kind == "all" { floor_of_all } else { floor_of_a_kind };
        assert!(precision >= floor && recall >= floor, "{kind}: precision {precision:.3}, recall {recall:.3}");
    }
}

#[test]
fn corpus_is_redacted_well() {
    hold("pii_corpus.tsv", 0.98, 0.99);
    assert!(corpus("pii_corpus.tsv").len() >= 400);
}

#[test]
fn held_out_texts_are_redacted_well() {
    hold("pii_held_out.tsv", 0.95, 0.99);
}

#[test]
fn independent_texts_are_redacted_well() {
    hold("pii_unseen.tsv", 0.95, 0.99);
}

#[test]
fn placeholders_replace_pii_and_nothing_else() {
    let cases = [
        ("Mail bob@example.com or ring +44 7911 123456.", "Mail [EMAIL] or ring [PHONE]."),
        ("4111 1111 1111 1111, DE89 3704 0044 0532 0130 00", "[CARD], [IBAN]"),
        ("192.168.1.1 fe80::1 123-45-6789", "[IP_ADDRESS] [IP_ADDRESS] [SSN]"),
        ("🦀 bob@example.com 🦀", "🦀 [EMAIL] 🦀"),
        ("refund to card 4111 1111 1111 1111, card=4111111111111111", "refund to card [CARD], card=[CARD]"),
        (
            "192.168.1.10:8080, build host 10.1.2.3, src=10.0.0.5",
            "[IP_ADDRESS]:8080, build host [IP_ADDRESS], src=[IP_ADDRESS]",
        ),
        ("AB12\t4111111111111111\nROOM12\tDE89370400440532013000", "AB12\t[CARD]\nROOM12\t[IBAN]"),
        ("415-555-0123x12", "[PHONE]x12"),
        ("bob@example.combob@example.org", "[EMAIL]@example.org"),
    ];
    for (text, expected) in cases {
        assert_eq!(redact_pii(text), expected);
    }
    for text in ["", "nothing here", "2026-01-07", "[EMAIL] and [PHONE]"] {
        assert!(matches!(redact_pii(text), Cow::Borrowed(_)), "{text}");
    }
}

#[test]
fn text_of_only_candidates_is_scanned_once() {
    // Each would be the worst there is for a reader that goes back.
    for piece in ["1 ", "1.", "a@", "1:", "AB12 ", "+1(", "0-", "::", "@", "\"@", "例@", "a.@"] {
        let text = piece.repeat(100_000);
        assert!(redact_pii(&text).len() <= text.len() + 16);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn redaction_of_any_text_is_idempotent(text in "[0-9+@:. ()/a-fA-F\u{a0}ä🦀-]{0,60}") {
        let found = find_pii(&text);
        prop_assert!(found.windows(2).all(|pair| pair[0].place.end <= pair[1].place.start));
        prop_assert!(found.iter().all(|found| text.get(found.place.clone()).is_some_and(|part| !part.is_empty())));
        let once = redact_pii(&text).into_owned();
        if found.is_empty() {
            prop_assert_eq!(once, text);
        }
    }
}
