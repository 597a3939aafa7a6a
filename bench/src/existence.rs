//! Whether response times distinguish another user's share from one that does not exist: `cargo run --release -p bench -- existence`.

use std::time::{Duration, Instant};

use anyhow::ensure;
use http::Method;
use test_kit::HttpClient;

/// Pairs of questions, about the one and about the other.
const PAIRS: usize = 20_000;

/// Requests a share of another user and one that does not exist in turn, and compares bytes and times.
pub(crate) async fn run(url: &str, token: &str, another: &str, nobody: &str) -> anyhow::Result<()> {
    let http = HttpClient::new(url);
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str()), ("x-request-id", "same")];
    let ask = async |path: &str| {
        let began = Instant::now();
        let answer = http.send(Method::GET, path, &headers, "").await?;
        anyhow::Ok((began.elapsed(), answer))
    };
    let (mut of_another, mut of_nobody) = (Vec::new(), Vec::new());
    for pair in 0..PAIRS {
        // The one that comes first changes from pair to pair.
        let first_is_another = pair % 2 == 0;
        let (first, second) = if first_is_another { (another, nobody) } else { (nobody, another) };
        let ((first_took, one), (second_took, other)) = (ask(first).await?, ask(second).await?);
        ensure!(one.status == 404 && one.status == other.status && one.body == other.body, "the answers differ");
        let names = |answer: &test_kit::Answer| {
            let mut headers = answer.headers.clone();
            // What differs between any two requests.
            for name in ["traceparent", "x-ratelimit-reset", "x-ratelimit-remaining", "date"] {
                headers.remove(name);
            }
            headers
        };
        ensure!(names(&one) == names(&other), "the headers differ");
        let (took_another, took_nobody) =
            if first_is_another { (first_took, second_took) } else { (second_took, first_took) };
        of_another.push(took_another);
        of_nobody.push(took_nobody);
    }
    let share = probability(&mut of_another, &mut of_nobody);
    println!("{PAIRS} pairs: bytes and headers the same");
    println!("another's p50 {:?}, nobody's p50 {:?}", middle(&of_another), middle(&of_nobody));
    println!(
        "an answer about another's takes longer in {:.2} % of all comparisons (50 %: nothing to learn)",
        share * 100.0
    );
    Ok(())
}

/// How often one of `left` is longer than one of `right`: Mann and Whitney's U over its most.
fn probability(left: &mut [Duration], right: &mut [Duration]) -> f64 {
    left.sort_unstable();
    right.sort_unstable();
    let (mut below, mut not_above) = (0_usize, 0_usize);
    let mut wins = 0_usize;
    for one in left.iter() {
        while right.get(below).is_some_and(|other| other < one) {
            below += 1;
        }
        while right.get(not_above).is_some_and(|other| other <= one) {
            not_above += 1;
        }
        // A draw counts half.
        wins += below + not_above;
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer comparisons than that")]
    let share = wins as f64 / 2.0 / (left.len() * right.len()) as f64;
    share
}

fn middle(sorted: &[Duration]) -> Duration {
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
