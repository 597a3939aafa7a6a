//! What admission costs a call: `cargo run --release -p bench -- admission-cost`.
//!
//! Rounds with and without it take turns: reading a message of 100 bytes, and an operation that does nothing.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use admission::{AdmissionSettings, Caller, ConcurrencyLimiter, MessageMemory, with_permit};
use axum::body::{Body, to_bytes};

use crate::{ROUNDS, median};

/// Calls of a round.
const CALLS: u32 = 300_000;
const MESSAGE: [u8; 100] = [7; 100];
const TIMEOUT: Duration = Duration::from_secs(2);

/// Measures and prints.
pub(crate) async fn run() -> anyhow::Result<()> {
    let settings = AdmissionSettings::default();
    let limiter = ConcurrencyLimiter::new("bench", settings.limits());
    let memory = MessageMemory::new(settings.max_body_memory);
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..CALLS {
            black_box(to_bytes(body(), MESSAGE.len()).await?);
        }
        without.push(micros(began));
        let began = Instant::now();
        for _ in 0..CALLS {
            let caller = Caller::new(&("service", "spiffe://ofself.local/service"));
            let buffered = memory.buffer(caller, body(), MESSAGE.len()).await.map_err(|_| rejected())?;
            let (body, reserved) = buffered.into_body();
            let permit = limiter.acquire(caller, TIMEOUT).await.map_err(|_| rejected())?;
            black_box(with_permit(permit, to_bytes(body, MESSAGE.len())).await?);
            drop(reserved);
        }
        with.push(micros(began));
    }
    let (with, without) = (median(with), median(without));
    println!("a call with admission {with:.2} µs, without {without:.2} µs: {:.2} µs of one core", with - without);
    Ok(())
}

fn body() -> Body {
    Body::from(&MESSAGE[..])
}

fn rejected() -> anyhow::Error {
    anyhow::anyhow!("one call at a time was rejected")
}

/// Microseconds of a call in a round.
fn micros(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS)
}
