//! Tells a standing queue from a burst by how long operations wait, as `CoDel` does (RFC 8289).

use std::time::Duration;

use tokio::time::Instant;

/// An acceptable wait in the queue (TARGET of RFC 8289).
pub(crate) const TARGET: Duration = Duration::from_millis(5);
/// A queue in which every operation waits longer than [`TARGET`] for this long is a standing queue (INTERVAL of RFC 8289).
pub(crate) const INTERVAL: Duration = Duration::from_millis(100);
/// A queue is no longer a standing one when an operation waits less than [`TARGET`], and for this long none waited in excess.
pub(crate) const CALM: Duration = Duration::from_millis(100);

/// Whether a queue is a standing one.
#[derive(Debug, Default)]
pub(crate) struct StandingQueue {
    /// Since when each operation has waited longer than [`TARGET`].
    above_target_since: Option<Instant>,
    /// When the queue was first and last seen to be a standing one; `None`: it is none.
    standing: Option<(Instant, Instant)>,
}

impl StandingQueue {
    /// For how long it has been one; `None`: it is none.
    pub(crate) fn age(&self) -> Option<Duration> {
        self.standing.map(|(first, _)| first.elapsed())
    }

    /// An operation ran after `wait`.
    pub(crate) fn observe_wait(&mut self, wait: Duration) {
        if wait < TARGET {
            self.above_target_since = None;
            if self.standing.is_some_and(|(_, last)| last.elapsed() >= CALM) {
                self.standing = None;
            }
            return;
        }
        let since = *self.above_target_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= INTERVAL {
            let now = Instant::now();
            self.standing.get_or_insert((now, now)).1 = now;
        }
    }

    /// More operations wait than a standing queue may hold in order.
    pub(crate) fn observe_excess(&mut self) {
        if let Some((_, last)) = &mut self.standing {
            *last = Instant::now();
        }
    }

    /// No operation waits.
    pub(crate) fn observe_empty(&mut self) {
        self.above_target_since = None;
    }
}
