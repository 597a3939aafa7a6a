//! How much of one kind of work is done at once: as much as keeps it within a few times of what it takes when it is calm.
//!
//! What is taken beyond that only waits, for a core or for a database, and everybody waits with it. How much it is, nobody can
//! say beforehand: it depends on the machine, on the database and on the hour. So it is found by looking.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Work may take this many times what it takes when it is calm.
const STRETCH: f64 = 2.5;
/// What is shorter than this is not worth turning anybody away for.
const NEGLIGIBLE: Duration = Duration::from_micros(1_500);
/// How much a calm answer says of what calm is, and one of now of what now is.
const CALM_WEIGHT: f64 = 0.02;
const NOW_WEIGHT: f64 = 0.1;
/// Work that began beside so much other is calm.
const CALM: u32 = 2;
/// Where looking begins.
const START: u32 = 32;

/// One kind of work.
#[derive(Debug)]
pub struct Pace {
    least: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    under_way: u32,
    limit: u32,
    /// Seconds an answer takes when it is calm, and those it takes now; none before the first.
    calm: Option<f64>,
    now: Option<f64>,
    /// Answers since the limit was last moved.
    answers: u32,
    /// Whether the limit was reached since.
    was_full: bool,
    /// How often something began beside more than what is calm.
    crowded: u64,
}

/// Work under way, until this is dropped.
#[derive(Debug)]
pub struct Pass {
    pace: Arc<Pace>,
    began: Instant,
    /// How often it had been crowded when this began; none where it was crowded then.
    calm_since: Option<u64>,
}

impl Pace {
    /// Work that is always done `least` times at once, however long it takes.
    pub fn new(least: u32) -> Self {
        let limit = START.max(least);
        let state = State { under_way: 0, limit, calm: None, now: None, answers: 0, was_full: false, crowded: 0 };
        Self { least, state: Mutex::new(state) }
    }

    /// One more, if it would not only wait. `most` bounds it in any case.
    pub fn take(self: &Arc<Self>, most: u32) -> Option<Pass> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.limit = state.limit.min(most.max(self.least));
        if state.under_way >= state.limit {
            state.was_full = true;
            return None;
        }
        state.under_way += 1;
        let is_calm = state.under_way <= CALM;
        state.crowded += u64::from(!is_calm);
        let calm_since = is_calm.then_some(state.crowded);
        Some(Pass { pace: self.clone(), began: Instant::now(), calm_since })
    }

    /// How much of it should be one's at the most: once less is done at once than at the start, because it takes long, half of that.
    pub fn most_for_one(&self) -> u32 {
        let limit = self.state.lock().unwrap_or_else(PoisonError::into_inner).limit;
        if limit < START { limit.div_ceil(2) } else { limit }
    }

    /// Somebody was turned away who would have been taken if more were done at once: it is to be found out whether more can be.
    pub fn fell_short(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).was_full = true;
    }

    fn done(&self, took: Duration, calm_since: Option<u64>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.under_way = state.under_way.saturating_sub(1);
        let was_calm = calm_since == Some(state.crowded);
        state.learn(took.as_secs_f64(), was_calm);
        state.answers += 1;
        if state.answers >= state.limit {
            state.move_limit(self.least);
        }
    }
}

impl State {
    fn learn(&mut self, took: f64, was_calm: bool) {
        let blend = |known: Option<f64>, weight: f64| Some(known.map_or(took, |known| known + weight * (took - known)));
        if was_calm {
            self.calm = blend(self.calm, CALM_WEIGHT);
        }
        self.now = blend(self.now, NOW_WEIGHT);
    }

    fn move_limit(&mut self, least: u32) {
        if let (Some(calm), Some(now)) = (self.calm, self.now) {
            if now > (calm * STRETCH).max(NEGLIGIBLE.as_secs_f64()) {
                self.limit = (self.limit - (self.limit / 4).max(1)).max(least);
            } else if self.was_full {
                self.limit = self.limit.saturating_add((self.limit / 4).max(1));
            }
        }
        (self.answers, self.was_full) = (0, false);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.pace.done(self.began.elapsed(), self.calm_since);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One piece of work by itself.
    fn alone(pace: &Arc<Pace>, took: Duration) {
        let pass = pace.take(1_000).unwrap();
        let calm_since = pass.calm_since;
        std::mem::forget(pass);
        pace.done(took, calm_since);
    }

    /// Offers more than there is room for, `rounds` times; every answer of a round takes `took`.
    fn overload(pace: &Arc<Pace>, rounds: usize, took: impl Fn(u32) -> Duration) -> u32 {
        let mut taken = 0;
        for _ in 0..rounds {
            taken = 0;
            let mut calm = Vec::new();
            while let Some(pass) = pace.take(1_000) {
                taken += 1;
                calm.push(pass.calm_since);
                // Only the count of it is of interest: its time is told below.
                std::mem::forget(pass);
            }
            for calm_since in calm {
                pace.done(took(taken), calm_since);
            }
        }
        taken
    }

    #[test]
    fn work_that_only_waits_is_turned_away_and_work_that_does_not_is_taken() {
        let unit = Duration::from_millis(2);
        let pace = Arc::new(Pace::new(4));
        for _ in 0..200 {
            alone(&pace, unit);
        }
        // One at a time: what is taken together waits for each other.
        let taken = overload(&pace, 500, |taken| unit * taken);
        assert!((4..=8).contains(&taken), "{taken}");
        // Twenty side by side.
        let pace = Arc::new(Pace::new(4));
        for _ in 0..200 {
            alone(&pace, unit);
        }
        let beside = overload(&pace, 2_000, |taken| unit.mul_f64((f64::from(taken) / 20.0).max(1.0)));
        assert!((40..=80).contains(&beside), "{beside}");
    }

    #[test]
    fn it_comes_back_and_never_goes_beyond_the_most() {
        let pace = Arc::new(Pace::new(4));
        assert!(pace.take(2).is_some());
        let unit = Duration::from_millis(2);
        for _ in 0..200 {
            alone(&pace, unit);
        }
        let low = overload(&pace, 200, |_| unit * 50);
        assert_eq!(low, 4, "the least is always taken");
        let again = overload(&pace, 2_000, |_| unit);
        assert!(again > 100, "{again}");
        assert!(pace.take(1).is_some(), "the least, whatever the most");
    }

    #[test]
    fn it_comes_back_for_one_who_may_have_no_more_than_half() {
        let pace = Arc::new(Pace::new(4));
        let unit = Duration::from_millis(2);
        assert_eq!(pace.most_for_one(), START, "while nothing takes long, one may have all of it");
        for _ in 0..200 {
            alone(&pace, unit);
        }
        assert_eq!(overload(&pace, 200, |_| unit * 50), 4);
        assert_eq!(pace.most_for_one(), 2);
        let mut rounds = 0..500;
        while pace.most_for_one() < START && rounds.next().is_some() {
            let mut calm = Vec::new();
            for _ in 0..pace.most_for_one() {
                let pass = pace.take(1_000).unwrap();
                calm.push(pass.calm_since);
                std::mem::forget(pass);
            }
            pace.fell_short();
            for calm_since in calm {
                pace.done(unit, calm_since);
            }
        }
        assert!(pace.most_for_one() >= START, "{}", pace.most_for_one());
    }
}
