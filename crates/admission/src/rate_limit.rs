//! Rate limit by user. Each replica of the gateway counts for itself.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use governor::{
    Quota, RateLimiter, clock::Clock as _, clock::DefaultClock, middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use runtime::clock::Clock;
use types::{Id, User};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// The time over which requests are counted.
const WINDOW: Duration = Duration::from_mins(1);
/// Users with their whole allowance are removed after this many requests.
const FORGET_EVERY: u32 = 10_000;

type Limiter = RateLimiter<Requester, DashMapStateStore<Requester>, DefaultClock, StateInformationMiddleware>;

/// The bucket of a request. Requests of other apps with the user's tokens have their own bucket, so that they cannot use up
/// what the user needs to revoke something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Requester {
    /// The user.
    pub user: Id<User>,
    /// Whether the request is from a first-party app.
    pub is_first_party: bool,
}

/// A limit for each user, or none.
pub struct RateLimit {
    limited: Option<(NonZeroU32, Limiter)>,
    taken: AtomicU32,
    clock: Clock,
}

/// The remaining requests of a user.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    shown: Option<Shown>,
    /// Nothing is left; the next request is allowed after this duration.
    pub wait: Option<Duration>,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    limit: u32,
    remaining: u32,
    reset: i64,
}

impl RateLimit {
    /// `per_minute` requests for each user; 0: as many as they like.
    pub fn new(per_minute: u32, clock: Clock) -> Self {
        let limited = NonZeroU32::new(per_minute)
            .map(|limit| (limit, RateLimiter::keyed(Quota::per_minute(limit)).with_middleware()));
        Self { limited, taken: AtomicU32::new(0), clock }
    }

    /// Takes one request from the bucket.
    pub fn take(&self, requester: &Requester) -> Allowance {
        let Some((limit, limiter)) = &self.limited else { return Allowance { shown: None, wait: None } };
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            limiter.retain_recent();
        }
        let (remaining, wait) = match limiter.check_key(requester) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refusal) => (0, Some(refusal.wait_time_from(DefaultClock::default().now()))),
        };
        let spent = limit.get() - remaining;
        let whole_again = WINDOW.mul_f64(f64::from(spent) / f64::from(limit.get()));
        let reset = self.clock.now().utc().timestamp().saturating_add_unsigned(whole_again.as_secs() + 1);
        Allowance { shown: Some(Shown { limit: limit.get(), remaining, reset }), wait }
    }
}

impl Allowance {
    /// Adds the rate limit headers to a response.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some(Shown { limit, remaining, reset }) = self.shown else { return };
        headers.insert(LIMIT, limit.into());
        headers.insert(REMAINING, remaining.into());
        headers.insert(RESET, HeaderValue::from(reset));
    }
}
