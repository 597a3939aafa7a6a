//! Counts who uses whose data: in memory, never on the path of a decision. A background task writes the counts into daily rows about once a
//! minute.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics::{counter, describe_counter};
use persistence::{
    Database,
    usage_days::{OtherParty, UsageDay},
};
use runtime::{clock::Clock, shutdown::Shutdown};
use tokio::time::sleep;
use tracing::warn;
use types::{Timestamp, UNUSED_DAYS, UsesAreCounted};

use crate::erasure::{ErasedUsers, Throttle};

/// How often the counts are written: what is shown of them is late by this at most.
const WRITE_EVERY: Duration = Duration::from_mins(1);
/// Pairs of an owner and another party that are counted between two writes at most; further pairs are not counted.
const MAX_PAIRS: usize = 100_000;
/// Daily rows of one owner's data at most; beyond, the oldest are deleted.
const MAX_ROWS: i64 = 50_000;
/// Rows that one transaction writes.
const SLICE: usize = 500;
const DROPPED: &str = "usage_counts_dropped_total";

/// Counts of the uses since the last write. Clones share them.
#[derive(Clone, Debug)]
pub struct UsageCounter {
    counts: Arc<Mutex<Counts>>,
    /// How long daily rows are kept; zero: nothing is counted.
    retention: Duration,
    other: OtherParty,
}

#[derive(Debug, Default)]
struct Counts {
    by_owner: HashMap<String, HashMap<String, Uses>>,
    pairs: usize,
}

#[derive(Clone, Copy, Debug)]
struct Uses {
    last_at: Timestamp,
    asked: i64,
    shown: i64,
}

impl Counts {
    fn add(&mut self, owner: &str, other: &str, more: Uses) {
        if let Some(uses) = self.by_owner.get_mut(owner).and_then(|others| others.get_mut(other)) {
            uses.last_at = uses.last_at.max(more.last_at);
            uses.asked = uses.asked.saturating_add(more.asked);
            uses.shown = uses.shown.saturating_add(more.shown);
            return;
        }
        if self.pairs >= MAX_PAIRS {
            counter!(DROPPED).increment(1);
            return;
        }
        self.pairs += 1;
        self.by_owner.entry(owner.to_owned()).or_default().insert(other.to_owned(), more);
    }
}

impl Default for UsageCounter {
    /// Nothing is counted.
    fn default() -> Self {
        Self { counts: Arc::default(), retention: Duration::ZERO, other: OtherParty::Person }
    }
}

impl UsageCounter {
    /// Counts the uses by parties of this kind. `retention`: how long daily rows are kept; zero: nothing is counted.
    pub fn new(retention: Duration, other: OtherParty) -> Self {
        describe_counter!(
            DROPPED,
            "Uses of a person's data that were not counted: too many pairs since the last write"
        );
        Self { counts: Arc::default(), retention, other }
    }

    /// Counts a use of `owner`'s data by `other` at `at`: how many decisions were asked for, and how many of them were a yes.
    pub fn count(&self, owner: &str, other: &str, at: Timestamp, asked: usize, shown: usize) {
        self.count_each(at, [(owner, other, asked, shown)]);
    }

    /// The same for several uses at one time.
    pub fn count_each<'a>(&self, at: Timestamp, uses: impl IntoIterator<Item = (&'a str, &'a str, usize, usize)>) {
        if self.retention.is_zero() {
            return;
        }
        let mut counts = self.counts();
        for (owner, other, asked, shown) in uses {
            let [asked, shown] = [asked, shown].map(|number| i64::try_from(number).unwrap_or(i64::MAX));
            counts.add(owner, other, Uses { last_at: at, asked, shown });
        }
    }

    /// Drops what was counted about a person who is being erased.
    pub fn forget(&self, person: &str) {
        let mut counts = self.counts();
        counts.by_owner.remove(person);
        if self.other == OtherParty::Person {
            for others in counts.by_owner.values_mut() {
                others.remove(person);
            }
        }
        counts.pairs = counts.by_owner.values().map(HashMap::len).sum();
    }

    /// Whether the uses of the last [`UNUSED_DAYS`] before `now` are known: they are kept for so long, and the first were counted before.
    pub async fn are_counted(&self, database: &Database, now: Timestamp) -> anyhow::Result<UsesAreCounted> {
        if i64::try_from(self.retention.as_secs() / (24 * 60 * 60)).unwrap_or(i64::MAX) < UNUSED_DAYS {
            return Ok(UsesAreCounted::No);
        }
        let began = database.usage_began().await?;
        let are_known = began.is_some_and(|day| UsageDay::day_of(now) - day >= UNUSED_DAYS);
        Ok(if are_known { UsesAreCounted::Yes } else { UsesAreCounted::No })
    }

    /// Writes the counts until the shutdown begins, and once more then.
    pub async fn run(self, database: Database, clock: Clock, erased: ErasedUsers, shutdown: Shutdown) {
        let mut checked_to = String::new();
        loop {
            let has_ended = shutdown.unless_begun(sleep(WRITE_EVERY)).await.is_none();
            if let Err(error) = self.write(&database, &erased).await {
                warn!(%error, "cannot write the counts of uses; they are lost");
            }
            if has_ended {
                return;
            }
            if let Err(error) = self.prune(&database, clock.now(), &mut checked_to).await {
                warn!(%error, "cannot prune the counts of uses; retrying");
            }
        }
    }

    /// Writes the counts since the last write.
    pub async fn write(&self, database: &Database, erased: &ErasedUsers) -> anyhow::Result<()> {
        let counts = std::mem::take(&mut *self.counts());
        let (counter, erased) = (self.clone(), erased.clone());
        // Many of them take more than a millisecond.
        let rows = tokio::task::spawn_blocking(move || counter.rows(counts, &erased)).await?;
        let mut throttle = Throttle::start();
        for slice in rows.chunks(SLICE) {
            database.add_usage(slice).await?;
            throttle.wait().await;
        }
        Ok(())
    }

    /// The daily rows of counts, in the order of their keys.
    fn rows(&self, Counts { by_owner, .. }: Counts, erased: &ErasedUsers) -> Vec<UsageDay> {
        let mut rows = Vec::new();
        for (owner, others) in by_owner {
            // Their rows are being deleted.
            if erased.contains(&owner) {
                continue;
            }
            for (other, Uses { last_at, asked, shown }) in others {
                if self.other == OtherParty::Person && erased.contains(&other) {
                    continue;
                }
                let day = UsageDay::day_of(last_at);
                rows.push(UsageDay { owner: owner.clone(), other, day, last_at, asked, shown });
            }
        }
        rows.sort_unstable();
        rows
    }

    /// Deletes rows past their retention, and the oldest of the next owners who have too many.
    async fn prune(&self, database: &Database, now: Timestamp, checked_to: &mut String) -> anyhow::Result<()> {
        let days = i64::try_from(self.retention.as_secs() / (24 * 60 * 60)).unwrap_or(i64::MAX);
        while database.prune_usage(UsageDay::day_of(now).saturating_sub(days)).await? > 0 {}
        let owners = database.usage_rows_by_owner(checked_to).await?;
        *checked_to = owners.last().map(|(owner, _)| owner.clone()).unwrap_or_default();
        for (owner, rows) in owners {
            let mut excess = rows - MAX_ROWS;
            while excess > 0 {
                let deleted = database.delete_oldest_usage(&owner, excess).await?;
                if deleted == 0 {
                    break;
                }
                excess -= i64::try_from(deleted).unwrap_or(i64::MAX);
            }
        }
        Ok(())
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_parts(seconds, 0).unwrap()
    }

    #[test]
    fn uses_of_a_pair_are_added_up() {
        let counter = UsageCounter::new(Duration::from_hours(24), OtherParty::Person);
        counter.count("ann", "bob", at(7), 3, 2);
        counter.count("ann", "bob", at(5), 4, 0);
        counter.count("bob", "ann", at(9), 1, 1);
        let counts = counter.counts();
        let uses = counts.by_owner["ann"]["bob"];
        assert_eq!((counts.pairs, uses.last_at, uses.asked, uses.shown), (2, at(7), 7, 2));
    }

    #[test]
    fn number_of_pairs_is_bounded() {
        let counter = UsageCounter::new(Duration::from_hours(24), OtherParty::App);
        for number in 0..MAX_PAIRS + 10 {
            counter.count("ann", &format!("app-{number}"), at(1), 1, 1);
        }
        counter.count("ann", "app-0", at(2), 1, 1);
        assert_eq!(counter.counts().pairs, MAX_PAIRS);
        assert_eq!(counter.counts().by_owner["ann"]["app-0"].asked, 2, "known pairs are counted on");
    }

    #[test]
    fn nothing_is_counted_without_retention() {
        let counter = UsageCounter::new(Duration::ZERO, OtherParty::Person);
        counter.count("ann", "bob", at(1), 1, 1);
        assert!(counter.counts().by_owner.is_empty());
    }
}
