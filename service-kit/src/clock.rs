//! The clock that decisions and answers are given.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::DateTime;
use vocabulary::Instant;

/// Where a process reads the time. Passed in, so that a test can stand at the very instant a share expires.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<AtomicI64>),
}

/// Moves a manual [`Clock`].
pub struct ClockHand(Arc<AtomicI64>);

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `start` until its hand is moved.
    pub fn manual(start: Instant) -> (Self, ClockHand) {
        let micros = Arc::new(AtomicI64::new(start.utc().timestamp_micros()));
        (Self(Source::Manual(micros.clone())), ClockHand(micros))
    }

    /// The moment it is, to the microsecond.
    pub fn now(&self) -> Instant {
        let moment = match &self.0 {
            Source::System => system_now(),
            Source::Manual(micros) => {
                DateTime::from_timestamp_micros(micros.load(Ordering::SeqCst)).unwrap_or(DateTime::UNIX_EPOCH)
            }
        };
        Instant::new(moment).unwrap_or_else(|_| Instant::from_parts(0, 0).unwrap_or_else(|_| unreachable!()))
    }
}

impl ClockHand {
    /// Puts the clock to this moment.
    pub fn set(&self, moment: Instant) {
        self.0.store(moment.utc().timestamp_micros(), Ordering::SeqCst);
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
fn system_now() -> DateTime<chrono::Utc> {
    chrono::Utc::now()
}
