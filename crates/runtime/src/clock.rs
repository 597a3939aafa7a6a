//! The clock of decisions and responses.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::DateTime;
use types::Timestamp;

/// The clock never follows a machine's clock that is ahead by more than this.
pub const MAX_AHEAD: Duration = Duration::from_mins(1);

/// The source of time of a process. Passed in, so that a test can set the exact time at which a share expires.
///
/// The clock of the machine never runs backwards here: below the newest time that the database has seen
/// ([`keep_after`](Self::keep_after)) it goes on by the monotonic clock. A share that has expired stays expired although an
/// administrator, or a virtual machine that was suspended, sets the clock back.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System(Arc<Monotonic>),
    Manual(Arc<AtomicI64>),
}

/// Moves a manual [`Clock`].
pub struct ManualClock(Arc<AtomicI64>);

/// State that keeps the clock monotonic; all in microseconds.
struct Monotonic {
    started: std::time::Instant,
    /// The lowest time that may be returned, less the time since `started`.
    floor: AtomicI64,
    /// The latest time that was returned.
    latest: AtomicI64,
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        let monotonic = Monotonic {
            started: std::time::Instant::now(),
            floor: AtomicI64::new(i64::MIN / 2),
            latest: AtomicI64::new(i64::MIN),
        };
        Self(Source::System(Arc::new(monotonic)))
    }

    /// A manual clock, set to `start`. It may be moved back.
    pub fn manual(start: Timestamp) -> (Self, ManualClock) {
        let micros = Arc::new(AtomicI64::new(start.utc().timestamp_micros()));
        (Self(Source::Manual(micros.clone())), ManualClock(micros))
    }

    /// The current time, to the microsecond.
    pub fn now(&self) -> Timestamp {
        instant(match &self.0 {
            Source::System(monotonic) => {
                monotonic.now(system_now().timestamp_micros(), micros(monotonic.started.elapsed()))
            }
            Source::Manual(micros) => micros.load(Ordering::SeqCst),
        })
    }

    /// Returns no time before `newest` any more, which is a time that was seen just now.
    pub fn keep_after(&self, newest: Timestamp) {
        if let Source::System(monotonic) = &self.0 {
            monotonic.keep_after(newest.utc().timestamp_micros(), micros(monotonic.started.elapsed()));
        }
    }

    /// The machine's clock, whether it was set back or not.
    pub fn unguarded(&self) -> Timestamp {
        match &self.0 {
            Source::System(_) => instant(system_now().timestamp_micros()),
            Source::Manual(_) => self.now(),
        }
    }
}

impl Monotonic {
    fn now(&self, system: i64, elapsed: i64) -> i64 {
        let floor = self.floor.load(Ordering::SeqCst).saturating_add(elapsed);
        let now = system.max(floor);
        let latest = self.latest.fetch_max(now, Ordering::SeqCst);
        // A clock far ahead of all others was wrong, and must not stand still until the others have caught up.
        let believed = now.saturating_add(micros(MAX_AHEAD));
        if latest <= believed { latest.max(now) } else { now }
    }

    fn keep_after(&self, newest: i64, elapsed: i64) {
        self.floor.fetch_max(newest.saturating_sub(elapsed), Ordering::SeqCst);
    }
}

impl ManualClock {
    /// Sets the clock.
    pub fn set(&self, timestamp: Timestamp) {
        self.0.store(timestamp.utc().timestamp_micros(), Ordering::SeqCst);
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn instant(micros: i64) -> Timestamp {
    let timestamp = DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::UNIX_EPOCH);
    Timestamp::new(timestamp).unwrap_or_else(|_| Timestamp::from_parts(0, 0).unwrap_or_else(|_| unreachable!()))
}

#[expect(clippy::disallowed_methods, reason = "the one place where the machine's clock is read")]
fn system_now() -> DateTime<chrono::Utc> {
    chrono::Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;
    const HOUR: i64 = 3_600 * SECOND;

    fn monotonic() -> Monotonic {
        Monotonic {
            started: std::time::Instant::now(),
            floor: AtomicI64::new(i64::MIN / 2),
            latest: AtomicI64::new(i64::MIN),
        }
    }

    #[test]
    fn clock_set_back_continues_monotonically() {
        let clock = monotonic();
        assert_eq!(clock.now(10 * HOUR, 0), 10 * HOUR);
        clock.keep_after(10 * HOUR, 0);
        assert_eq!(clock.now(9 * HOUR, SECOND), 10 * HOUR + SECOND);
        assert_eq!(clock.now(9 * HOUR + SECOND, 2 * SECOND), 10 * HOUR + 2 * SECOND);
        // It has caught up.
        assert_eq!(clock.now(11 * HOUR, 3 * SECOND), 11 * HOUR);
    }

    #[test]
    fn clock_set_back_between_two_database_reads_stands_still() {
        let clock = monotonic();
        clock.keep_after(10 * HOUR, 0);
        assert_eq!(clock.now(10 * HOUR + 30 * SECOND, SECOND), 10 * HOUR + 30 * SECOND);
        assert_eq!(clock.now(9 * HOUR, 2 * SECOND), 10 * HOUR + 30 * SECOND);
    }

    #[test]
    fn corrected_clock_does_not_stand_still() {
        let clock = monotonic();
        clock.keep_after(10 * HOUR, 0);
        assert_eq!(clock.now(9_000 * HOUR, SECOND), 9_000 * HOUR);
        assert_eq!(clock.now(10 * HOUR + 2 * SECOND, 2 * SECOND), 10 * HOUR + 2 * SECOND);
    }

    #[test]
    fn older_time_does_not_lower_the_floor() {
        let clock = monotonic();
        clock.keep_after(10 * HOUR, 0);
        clock.keep_after(9 * HOUR, SECOND);
        assert_eq!(clock.now(8 * HOUR, SECOND), 10 * HOUR + SECOND);
    }
}
