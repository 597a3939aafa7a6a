//! How fast `redact_pii` reads: `cargo run --release -p bench -- redaction`.
//!
//! On the corpora, and on texts of nothing but candidates, each of which would be the worst there is for some reader that goes back.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use pii::redact_pii;

use crate::{ROUNDS, median};

/// How long a round of one measurement lasts.
const ROUND: Duration = Duration::from_millis(100);
/// Bytes of a text of nothing but candidates.
const BYTES: usize = 1_000_000;

/// Pieces that are repeated.
const PIECES: [&str; 52] = [
    "1 ",
    "1.",
    "1-",
    "1/",
    "(1",
    "1)",
    "12 ",
    "123 ",
    "1234 ",
    "0111 111 1111 ",
    "01 11 11 11 11 ",
    "01 1 ",
    "011 ",
    "0-",
    "+1 ",
    "+1(",
    "+49 11 11 ",
    "+4911111111 ",
    "0049 11 ",
    "00 ",
    "4111 1111 ",
    "4111111111111112 ",
    "4 ",
    "34.12.1.1.",
    "a@",
    "@",
    "a.@",
    "\"@",
    "例@",
    "a@b.c",
    "1:",
    "::",
    "a:b:",
    "AB12 ",
    "DE89 3704 ",
    "DE89",
    "%34",
    "&#49;",
    "\u{200b}1",
    "\u{ff11}",
    "é",
    "e\u{301}1",
    "415-555-267 ",
    "tel 0111 ",
    "01 ",
    "001 ",
    "8 00",
    "030(",
    "-004",
    "@v/@",
    "call 9079 (016 (671 (6 (927 (68117320 (00 (1131 ",
    "1\u{a0}030.4111-415(1@v",
];

/// Measures and prints.
pub(crate) fn run(file: Option<PathBuf>) -> anyhow::Result<()> {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exposure-svc/tests/cases");
    for name in ["pii_corpus.tsv", "pii_held_out.tsv"] {
        let text = fs::read_to_string(cases.join(name)).with_context(|| format!("{name} cannot be read"))?;
        let texts: Vec<_> = text.lines().map(str::to_owned).collect();
        println!("{name:<32} {:>8.1} MB/s", speed(&texts));
    }
    if let Some(file) = file {
        let text = String::from_utf8_lossy(&fs::read(&file)?).into_owned();
        let text = text.repeat(BYTES.div_ceil(text.len().max(1)));
        println!("{:<32} {:>8.1} MB/s", file.display().to_string(), speed(&[text]));
        return Ok(());
    }
    let mut all: Vec<_> = PIECES.iter().map(|piece| (speed(&[piece.repeat(BYTES / piece.len())]), *piece)).collect();
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (speed, piece) in all {
        println!("{:<32} {speed:>8.1} MB/s", format!("{piece:?} over and over"));
    }
    Ok(())
}

/// Megabytes a second.
fn speed(texts: &[String]) -> f64 {
    let bytes: usize = texts.iter().map(String::len).sum();
    let round = || {
        let began = Instant::now();
        let mut rounds = 0_u32;
        while rounds == 0 || began.elapsed() < ROUND {
            let redacted: usize = texts.iter().map(|text| redact_pii(text).len()).sum();
            std::hint::black_box(redacted);
            rounds += 1;
        }
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let megabytes = bytes as f64 / 1e6;
        megabytes * f64::from(rounds) / began.elapsed().as_secs_f64()
    };
    median((0..ROUNDS).map(|_| round()).collect())
}
