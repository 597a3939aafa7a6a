//! Adaptive concurrency limiter: additive increase and multiplicative decrease on latency, as in Netflix concurrency-limits.
//!
//! Beyond some concurrency, requests only wait for a core or for the database. That point depends on the machine, the database
//! and the time of day, so the limiter measures it: it compares recent latency with the latency of requests that ran alone.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Recent latency may exceed the baseline by this factor.
const LATENCY_TOLERANCE: f64 = 2.5;
/// Latency below this never lowers the limit.
const LATENCY_FLOOR: Duration = Duration::from_micros(1_500);
/// Weights of one sample in the moving averages.
const BASELINE_WEIGHT: f64 = 0.02;
const RECENT_WEIGHT: f64 = 0.1;
/// A request is a baseline sample if at most this many are in flight.
const MAX_UNCONTENDED: u32 = 2;
const INITIAL_LIMIT: u32 = 32;

/// The concurrency limit of one kind of operation.
#[derive(Debug)]
pub struct AdaptiveLimiter {
    min: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    in_flight: u32,
    limit: u32,
    /// Seconds; `None` before the first sample.
    baseline_latency: Option<f64>,
    recent_latency: Option<f64>,
    /// Samples since the limit last changed.
    samples: u32,
    /// Whether a request was rejected since then.
    was_limited: bool,
    /// Raised when a request starts under contention.
    contention_epoch: u64,
}

/// Permission for one request in flight. Dropping it releases the permit and records the latency.
#[derive(Debug)]
pub struct LimiterPermit {
    limiter: Arc<AdaptiveLimiter>,
    started: Instant,
    /// The contention epoch at the start; `None` under contention.
    uncontended_epoch: Option<u64>,
}

impl AdaptiveLimiter {
    /// A limiter that never goes below `min`.
    pub fn new(min: u32) -> Self {
        let state = State {
            in_flight: 0,
            limit: INITIAL_LIMIT.max(min),
            baseline_latency: None,
            recent_latency: None,
            samples: 0,
            was_limited: false,
            contention_epoch: 0,
        };
        Self { min, state: Mutex::new(state) }
    }

    /// Acquires a permit; `None` at the limit, which never exceeds `max`.
    pub fn try_acquire(self: &Arc<Self>, max: u32) -> Option<LimiterPermit> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = state.limit.min(max.max(self.min));
        if state.in_flight >= state.limit {
            state.was_limited = true;
            return None;
        }
        state.in_flight += 1;
        let is_uncontended = state.in_flight <= MAX_UNCONTENDED;
        state.contention_epoch += u64::from(!is_uncontended);
        let uncontended_epoch = is_uncontended.then_some(state.contention_epoch);
        Some(LimiterPermit { limiter: self.clone(), started: Instant::now(), uncontended_epoch })
    }

    /// The permits that one user may hold: half of the limit for slow operations (those with a limit below the initial one).
    pub fn per_user_limit(&self) -> u32 {
        let limit = self.state.lock().unwrap_or_else(PoisonError::into_inner).limit;
        if limit < INITIAL_LIMIT { limit.div_ceil(2) } else { limit }
    }

    /// Records a rejection by the per-user limit: the limit is worth probing.
    pub fn record_rejection(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).was_limited = true;
    }

    fn release(&self, latency: Duration, uncontended_epoch: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.in_flight = state.in_flight.saturating_sub(1);
        let is_baseline = uncontended_epoch == Some(state.contention_epoch);
        state.record(latency.as_secs_f64(), is_baseline);
        state.samples += 1;
        if state.samples >= state.limit {
            state.update_limit(self.min);
        }
    }
}

impl State {
    fn record(&mut self, latency: f64, is_baseline: bool) {
        let average =
            |known: Option<f64>, weight: f64| Some(known.map_or(latency, |known| known + weight * (latency - known)));
        if is_baseline {
            self.baseline_latency = average(self.baseline_latency, BASELINE_WEIGHT);
        }
        self.recent_latency = average(self.recent_latency, RECENT_WEIGHT);
    }

    fn update_limit(&mut self, min: u32) {
        if let (Some(baseline), Some(recent)) = (self.baseline_latency, self.recent_latency) {
            if recent > (baseline * LATENCY_TOLERANCE).max(LATENCY_FLOOR.as_secs_f64()) {
                self.limit = (self.limit - (self.limit / 4).max(1)).max(min);
            } else if self.was_limited {
                self.limit = self.limit.saturating_add((self.limit / 4).max(1));
            }
        }
        (self.samples, self.was_limited) = (0, false);
    }
}

impl Drop for LimiterPermit {
    fn drop(&mut self) {
        self.limiter.release(self.started.elapsed(), self.uncontended_epoch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One request without contention.
    fn uncontended(limiter: &Arc<AdaptiveLimiter>, latency: Duration) {
        let permit = limiter.try_acquire(1_000).unwrap();
        let epoch = permit.uncontended_epoch;
        std::mem::forget(permit);
        limiter.release(latency, epoch);
    }

    /// Acquires permits until the limit, `rounds` times; every request of a round takes `latency`.
    fn overload(limiter: &Arc<AdaptiveLimiter>, rounds: usize, latency: impl Fn(u32) -> Duration) -> u32 {
        let mut acquired = 0;
        for _ in 0..rounds {
            acquired = 0;
            let mut epochs = Vec::new();
            while let Some(permit) = limiter.try_acquire(1_000) {
                acquired += 1;
                epochs.push(permit.uncontended_epoch);
                // Released below with a latency of our choice.
                std::mem::forget(permit);
            }
            for epoch in epochs {
                limiter.release(latency(acquired), epoch);
            }
        }
        acquired
    }

    #[test]
    fn limit_follows_the_concurrency_that_latency_allows() {
        let unit = Duration::from_millis(2);
        let limiter = Arc::new(AdaptiveLimiter::new(4));
        for _ in 0..200 {
            uncontended(&limiter, unit);
        }
        // One core: concurrent requests wait for each other.
        let acquired = overload(&limiter, 500, |acquired| unit * acquired);
        assert!((4..=8).contains(&acquired), "{acquired}");
        // Twenty cores.
        let limiter = Arc::new(AdaptiveLimiter::new(4));
        for _ in 0..200 {
            uncontended(&limiter, unit);
        }
        let beside = overload(&limiter, 2_000, |acquired| unit.mul_f64((f64::from(acquired) / 20.0).max(1.0)));
        assert!((40..=80).contains(&beside), "{beside}");
    }

    #[test]
    fn limit_recovers_within_its_bounds() {
        let limiter = Arc::new(AdaptiveLimiter::new(4));
        assert!(limiter.try_acquire(2).is_some());
        let unit = Duration::from_millis(2);
        for _ in 0..200 {
            uncontended(&limiter, unit);
        }
        let low = overload(&limiter, 200, |_| unit * 50);
        assert_eq!(low, 4, "the minimum is always admitted");
        let again = overload(&limiter, 2_000, |_| unit);
        assert!(again > 100, "{again}");
        assert!(limiter.try_acquire(1).is_some(), "the minimum, whatever the maximum");
    }

    #[test]
    fn limit_recovers_under_the_per_user_limit() {
        let limiter = Arc::new(AdaptiveLimiter::new(4));
        let unit = Duration::from_millis(2);
        assert_eq!(limiter.per_user_limit(), INITIAL_LIMIT, "one user may hold all permits of fast operations");
        for _ in 0..200 {
            uncontended(&limiter, unit);
        }
        assert_eq!(overload(&limiter, 200, |_| unit * 50), 4);
        assert_eq!(limiter.per_user_limit(), 2);
        let mut rounds = 0..500;
        while limiter.per_user_limit() < INITIAL_LIMIT && rounds.next().is_some() {
            let mut epochs = Vec::new();
            for _ in 0..limiter.per_user_limit() {
                let permit = limiter.try_acquire(1_000).unwrap();
                epochs.push(permit.uncontended_epoch);
                std::mem::forget(permit);
            }
            limiter.record_rejection();
            for epoch in epochs {
                limiter.release(unit, epoch);
            }
        }
        assert!(limiter.per_user_limit() >= INITIAL_LIMIT, "{}", limiter.per_user_limit());
    }
}
