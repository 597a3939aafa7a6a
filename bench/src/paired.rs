//! One call at a time on one service, or on two in turn.

use std::time::{Duration, Instant};

use crate::median;

/// How long a round of one measurement lasts.
const ROUND: Duration = Duration::from_secs(1);

/// Which measurements to take, and how often.
#[derive(Clone, clap::Args)]
pub(crate) struct Selection {
    /// Only the calls whose description contains this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    only: String,
    /// Rounds of each measurement, of a second for each service
    #[arg(long, value_name = "N", default_value_t = crate::ROUNDS)]
    rounds: usize,
}

/// Asks each service in turn and prints the median time of a call, and of two the ratio of the first to the second.
pub(crate) async fn compare<S: Clone, F: Future<Output = anyhow::Result<()>>>(
    what: &str,
    selection: &Selection,
    services: &[S],
    call: impl Fn(S) -> F,
) -> anyhow::Result<()> {
    if !what.contains(&selection.only) {
        return Ok(());
    }
    let mut times = vec![Vec::new(); services.len()];
    for _ in 0..selection.rounds {
        for (service, times) in services.iter().zip(&mut times) {
            let began = Instant::now();
            let mut calls = 0_u32;
            while began.elapsed() < ROUND {
                call(service.clone()).await?;
                calls += 1;
            }
            times.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
        }
    }
    let medians: Vec<_> = times.into_iter().map(median).collect();
    let shown: Vec<_> = medians.iter().map(|micros| format!("{micros:>8.1} µs")).collect();
    let ratio = match medians.as_slice() {
        [one, other] => format!("   ratio {:.2}", one / other),
        _ => String::new(),
    };
    println!("{what:<45} {}{ratio}", shown.join("  "));
    Ok(())
}
