//! Upkeep: marks ended shares, and purges old ones. No decision waits for it or depends on it.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, describe_counter};
use persistence::Priority;
use runtime::shutdown::Shutdown;
use service::{
    erasure,
    upkeep::{Failures, attempt},
};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::info;
use types::{Origin, Timestamp};

use super::{Sharing, quotas};
use crate::{
    domain::{ShareId, UserId},
    error::Error,
    storage::{EndedRows, FIRST, ShareChange, Sweep},
};

/// How often everything is looked at: a mark is late by this at most, and by what the work itself takes.
const EVERY: Duration = Duration::from_secs(20);
/// How often shares that have expired are looked for: their events are late by this at most.
const EXPIRY_EVERY: Duration = Duration::from_secs(1);
/// The delay between the first of many revocations and the pass that marks what is below them.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// Slices after which the purge of one creator continues in the next pass.
const MAX_SLICES: usize = 100;
/// Upkeep queues among the changes of an owner under the name of no user.
const TURN: Priority<'static> = Priority::FairlyFor("");

const MARKED: &str = "shares_marked_total";
const PURGED: &str = "shares_purged_total";

/// The retention settings.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// For how long.
    pub period: Duration,
    /// Bytes of rows of one creator.
    pub bytes_per_creator: i64,
    /// For how long events are kept.
    pub events: Duration,
    /// How long everything of a person is revoked before it is removed.
    pub erasure_delay: Duration,
}

/// The background task.
#[derive(Clone)]
pub struct Upkeep {
    pub(super) sharing: Sharing,
    retention: Retention,
    /// The last creator whose quota the regular passes have checked.
    checked_to: String,
}

impl Upkeep {
    /// The operations whose hints it takes.
    pub fn new(sharing: Sharing, retention: Retention) -> Self {
        describe_counter!(MARKED, "Shares that upkeep marked as ended");
        describe_counter!(PURGED, "Ended shares that upkeep deleted");
        quotas::describe();
        Self { sharing, retention, checked_to: String::new() }
    }

    /// Works until the shutdown begins. Expiries, erasures and stops wait neither for each other nor for retention, which may take long.
    pub async fn run(self, shutdown: Shutdown) {
        let (expiries, erasures, stops) = (self.clone(), self.clone(), self.clone());
        let Sharing { store, clock, erased, usage, .. } = self.sharing.clone();
        let database = store.database().clone();
        tokio::join!(
            expiries.run_expiries(shutdown.clone()),
            erasures.run_erasures(shutdown.clone()),
            stops.run_stops(shutdown.clone()),
            usage.run(database, clock, erased, shutdown.clone()),
            self.run_passes(shutdown)
        );
    }

    async fn run_expiries(self, shutdown: Shutdown) {
        while shutdown.unless_begun(sleep(EXPIRY_EVERY)).await.is_some() {
            attempt(&shutdown, async {
                let store = &self.sharing.store;
                self.sharing.erased.refresh(store.database()).await.map_err(Error::Internal)?;
                self.mark_expired().await.map(drop)
            })
            .await;
        }
    }

    async fn run_erasures(self, shutdown: Shutdown) {
        let hint = async || {
            tokio::select! {
                () = sleep(EXPIRY_EVERY) => {}
                () = self.sharing.hints.erasure_was_requested() => {}
            }
        };
        while shutdown.unless_begun(hint()).await.is_some() {
            attempt(&shutdown, self.advance_erasures()).await;
        }
    }

    async fn run_passes(mut self, shutdown: Shutdown) {
        let sharing = self.sharing.clone();
        let mut regular_at = Instant::now() + EVERY;
        let hint = async |regular_at| {
            tokio::select! {
                () = sleep_until(regular_at) => {}
                // Debounced: many revocations share one pass.
                () = sharing.hints.share_ended() => sleep(DEBOUNCE).await,
            }
        };
        while shutdown.unless_begun(hint(regular_at)).await.is_some() {
            let is_regular = Instant::now() >= regular_at;
            if is_regular {
                regular_at = Instant::now() + EVERY;
            }
            attempt(&shutdown, async {
                self.sweep(self.marking_time().await?).await?;
                self.purge_hinted().await?;
                if is_regular { self.purge().await } else { Ok(()) }
            })
            .await;
        }
    }

    /// Advances every erasure.
    pub async fn advance_erasures(&self) -> Result<(), Error> {
        let (database, erased) = (self.sharing.store.database(), &self.sharing.erased);
        erasure::advance(self, database, erased, self.retention.erasure_delay).await.map_err(Error::Internal)
    }

    /// One whole pass: stops, marks, retention and the quotas of ended shares.
    pub async fn pass(&mut self) -> Result<(), Error> {
        self.carry_out_stops().await?;
        self.mark().await?;
        self.purge_hinted().await?;
        self.purge().await
    }

    /// Marks every share that has expired, and every one below a share that ended permanently.
    pub async fn mark(&self) -> Result<(), Error> {
        let at = self.mark_expired().await?;
        self.sweep(at).await
    }

    /// Marks every share that has expired, which is an event. Returns the time that it went by.
    async fn mark_expired(&self) -> Result<Timestamp, Error> {
        let at = self.marking_time().await?;
        let mut failures = Failures::default();
        loop {
            let mut marked = 0;
            for owner in self.sharing.store.owners_with_expired_shares(at, &failures.persons()).await? {
                marked += failures.tolerate(owner.as_str(), self.mark_expired_of(&owner, at)).await?;
            }
            if marked == 0 {
                break;
            }
            count(MARKED, marked);
        }
        Ok(at)
    }

    async fn mark_expired_of(&self, owner: &UserId, at: Timestamp) -> Result<usize, Error> {
        let change = self.hold(owner).await?;
        let marked = change.mark(owner, EndedRows::Expired, at).await?;
        change.commit(None).await?;
        Ok(marked)
    }

    pub(super) async fn sweep(&self, at: Timestamp) -> Result<(), Error> {
        let mut failures = Failures::default();
        loop {
            let shares = self.sharing.store.shares_to_sweep(&failures.persons()).await?;
            let mut is_stuck = true;
            for (owner, share) in shares {
                is_stuck &= !failures.tolerate(owner.as_str(), self.sweep_below(&owner, share, at)).await?;
            }
            if is_stuck {
                return Ok(());
            }
        }
    }

    /// Marks the shares below one; returns whether it marked any, or has marked all.
    async fn sweep_below(&self, owner: &UserId, share: ShareId, at: Timestamp) -> Result<bool, Error> {
        let (mut after, mut has_effect) = (FIRST, false);
        loop {
            let change = self.hold(owner).await?;
            let sweep = change.sweep(owner, share, after, at).await?;
            change.commit(None).await?;
            has_effect |= sweep != Sweep::Stuck;
            match sweep {
                Sweep::More(last) => after = last,
                Sweep::Done | Sweep::Stuck => return Ok(has_effect),
            }
        }
    }

    /// Purges shares beyond the retention period, and those of the next creators beyond their quota.
    pub async fn purge(&mut self) -> Result<(), Error> {
        self.purge_old().await?;
        self.prune_events().await?;
        let next = self.sharing.store.ended_bytes_by_creator(&self.checked_to).await?;
        self.checked_to = next.last().map(|ended| ended.creator.to_string()).unwrap_or_default();
        for ended in next {
            if ended.bytes > self.retention.bytes_per_creator {
                self.purge_creator(&ended.creator).await?;
            }
        }
        Ok(())
    }

    /// Deletes events past their retention period.
    async fn prune_events(&self) -> Result<(), Error> {
        let now = self.marking_time().await?;
        let Ok(cutoff) = Timestamp::new(now.utc() - self.retention.events) else { return Ok(()) };
        while self.sharing.store.prune_events(cutoff).await? > 0 {}
        Ok(())
    }

    async fn purge_hinted(&self) -> Result<(), Error> {
        for creator in self.sharing.hints.take_creators() {
            self.purge_creator(&creator).await?;
        }
        Ok(())
    }

    async fn purge_old(&self) -> Result<(), Error> {
        let now = self.marking_time().await?;
        let Ok(cutoff) = Timestamp::new(now.utc() - self.retention.period) else { return Ok(()) };
        loop {
            let expired = self.sharing.store.long_expired_shares(cutoff).await?;
            if self.end_permanently(expired, cutoff, now).await? == 0 {
                break;
            }
        }
        self.sweep(now).await?;
        let mut purged = 0;
        loop {
            let ended = self.sharing.store.purgeable_shares(cutoff).await?;
            let deleted = self.delete(ended, cutoff).await?;
            if deleted == 0 {
                break;
            }
            purged += deleted;
        }
        if purged > 0 {
            info!(purged, "purged shares past their retention period");
        }
        Ok(())
    }

    /// Purges the oldest ended shares of a creator until they take no more than they may.
    async fn purge_creator(&self, creator: &UserId) -> Result<(), Error> {
        let mut purged = 0;
        for _ in 0..MAX_SLICES {
            let excess = self.sharing.store.ended_bytes_of(creator).await? - self.retention.bytes_per_creator;
            if excess <= 0 {
                break;
            }
            let now = self.marking_time().await?;
            let oldest = self.sharing.store.oldest_ended_shares(creator, excess).await?;
            if self.end_permanently(oldest.clone(), now, now).await? > 0 {
                self.sweep(now).await?;
            }
            let mut deleted = self.delete(oldest.clone(), now).await?;
            if deleted == 0 {
                // The remaining ones have shares below them, which go first.
                for (owner, share) in oldest.into_iter().take(1) {
                    deleted += self.delete_below(&owner, share, now).await?;
                }
            }
            if deleted == 0 {
                break;
            }
            purged += deleted;
        }
        if purged > 0 {
            info!(purged, "purged the oldest ended shares of a user beyond the quota");
        }
        Ok(())
    }

    /// Deletes a slice of the leaves below `share`.
    async fn delete_below(&self, owner: &UserId, share: ShareId, now: Timestamp) -> Result<usize, Error> {
        let mut above = share;
        loop {
            let below = self.sharing.store.shares_below(owner, above).await?;
            let Some(first) = below.first().copied() else { return Ok(0) };
            let deleted = self.delete(below.into_iter().map(|share| (owner.clone(), share)).collect(), now).await?;
            if deleted > 0 {
                return Ok(deleted);
            }
            above = first;
        }
    }

    async fn end_permanently(
        &self,
        shares: Vec<(UserId, ShareId)>,
        expired_by: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let mut ended = 0;
        let mut failures = Failures::default();
        for (owner, shares) in by_owner(shares) {
            ended +=
                failures.tolerate(owner.as_str(), self.end_permanently_of(&owner, &shares, expired_by, now)).await?;
        }
        Ok(ended)
    }

    async fn end_permanently_of(
        &self,
        owner: &UserId,
        shares: &[ShareId],
        expired_by: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        let change = self.sharing.store.begin(Some((owner, TURN)), None, Origin::system()).await?;
        change.raise_owner(owner, now).await?;
        let ended = change.end_permanently(owner, shares, expired_by, now).await?;
        if ended > 0 {
            change.commit(None).await?;
        }
        Ok(ended)
    }

    async fn delete(&self, shares: Vec<(UserId, ShareId)>, ended_by: Timestamp) -> Result<usize, Error> {
        let mut deleted = 0;
        let mut failures = Failures::default();
        for (owner, shares) in by_owner(shares) {
            deleted += failures.tolerate(owner.as_str(), self.delete_of(&owner, &shares, ended_by)).await?;
        }
        count(PURGED, deleted);
        Ok(deleted)
    }

    async fn delete_of(&self, owner: &UserId, shares: &[ShareId], ended_by: Timestamp) -> Result<usize, Error> {
        let change = self.hold(owner).await?;
        let deleted = change.delete(owner, shares, ended_by).await?;
        change.commit(None).await?;
        Ok(deleted)
    }

    pub(super) async fn hold(&self, owner: &UserId) -> Result<ShareChange, Error> {
        let change = self.begin_upkeep(owner, Origin::system()).await?;
        change.lock_owner(owner).await?;
        Ok(change)
    }

    pub(super) async fn begin_upkeep(&self, owner: &UserId, origin: Origin) -> Result<ShareChange, Error> {
        self.sharing.store.begin(Some((owner, TURN)), None, origin).await
    }

    /// A share is marked only when its expiry has passed by both clocks: one of them may be ahead.
    pub(super) async fn marking_time(&self) -> Result<Timestamp, Error> {
        Ok(self.sharing.clock.now().min(self.sharing.store.server_time(&self.sharing.clock).await?))
    }
}

pub(super) fn by_owner(shares: Vec<(UserId, ShareId)>) -> BTreeMap<UserId, Vec<ShareId>> {
    let mut by_owner: BTreeMap<UserId, Vec<ShareId>> = BTreeMap::new();
    for (owner, share) in shares {
        by_owner.entry(owner).or_default().push(share);
    }
    by_owner
}

fn count(metric: &'static str, number: usize) {
    if number > 0 {
        counter!(metric).increment(u64::try_from(number).unwrap_or(u64::MAX));
    }
}
