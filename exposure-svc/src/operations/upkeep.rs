//! Upkeep: purges access grants that ended long ago, or of which one user has too many. No decision depends on it.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, describe_counter};
use runtime::shutdown::Shutdown;
use service::{
    erasure,
    upkeep::{Failures, attempt},
};
use tokio::time::sleep;
use tracing::info;
use types::{Origin, Timestamp};

use super::Exposure;
use crate::{
    domain::{AppAccess, EventKind, GrantId, UserId},
    error::Error,
    storage::GRANT_BYTES,
};

/// The interval.
const EVERY: Duration = Duration::from_mins(1);
/// How often grants that have expired are looked for: their events are late by this at most.
const EXPIRY_EVERY: Duration = Duration::from_secs(1);
const PURGED: &str = "app_access_purged_total";

/// The retention settings.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// For how long.
    pub period: Duration,
    /// Bytes of rows of one user.
    pub bytes_per_user: i64,
    /// For how long events are kept.
    pub events: Duration,
    /// How long everything of a person is revoked before it is removed.
    pub erasure_delay: Duration,
}

/// The background task.
#[derive(Clone)]
pub struct Upkeep {
    pub(super) exposure: Exposure,
    retention: Retention,
    /// The last user whose quota was checked.
    checked_to: String,
}

impl Upkeep {
    /// Over the operations.
    pub fn new(exposure: Exposure, retention: Retention) -> Self {
        describe_counter!(PURGED, "Ended access grants that upkeep deleted");
        Self { exposure, retention, checked_to: String::new() }
    }

    /// Works until the shutdown begins. Expiries and erasures wait neither for each other nor for retention, which may take long.
    pub async fn run(self, shutdown: Shutdown) {
        let (expiries, erasures) = (self.clone(), self.clone());
        let Exposure { store, clock, erased, usage, .. } = self.exposure.clone();
        let database = store.database().clone();
        tokio::join!(
            expiries.run_expiries(shutdown.clone()),
            erasures.run_erasures(shutdown.clone()),
            usage.run(database, clock, erased, shutdown.clone()),
            self.run_passes(shutdown)
        );
    }

    async fn run_expiries(self, shutdown: Shutdown) {
        while shutdown.unless_begun(sleep(EXPIRY_EVERY)).await.is_some() {
            attempt(&shutdown, async {
                let store = &self.exposure.store;
                self.exposure.erased.refresh(store.database()).await.map_err(Error::Internal)?;
                self.announce_expired().await
            })
            .await;
        }
    }

    async fn run_erasures(self, shutdown: Shutdown) {
        let hint = async || {
            tokio::select! {
                () = sleep(EXPIRY_EVERY) => {}
                () = self.exposure.wake.notified() => {}
            }
        };
        while shutdown.unless_begun(hint()).await.is_some() {
            attempt(&shutdown, self.advance_erasures()).await;
        }
    }

    async fn run_passes(mut self, shutdown: Shutdown) {
        while shutdown.unless_begun(sleep(EVERY)).await.is_some() {
            attempt(&shutdown, self.pass()).await;
        }
    }

    /// Advances every erasure.
    pub async fn advance_erasures(&self) -> Result<(), Error> {
        let (store, erased) = (&self.exposure.store, &self.exposure.erased);
        erasure::advance(self, store.database(), erased, self.retention.erasure_delay).await.map_err(Error::Internal)
    }

    /// Announces the expiry of grants, each once.
    pub async fn announce_expired(&self) -> Result<(), Error> {
        let store = &self.exposure.store;
        // Never early: by the earlier of two clocks.
        let now = self.exposure.clock.now().min(store.server_time(&self.exposure.clock).await?);
        let mut failures = Failures::default();
        loop {
            let mut announced = 0;
            for (user, grant) in store.grants_to_announce(now, &failures.persons()).await? {
                announced += failures.tolerate(user.as_str(), self.announce_expiry_of(&user, grant, now)).await?;
            }
            if announced == 0 {
                return Ok(());
            }
        }
    }

    /// Announces the expiry of one grant, if it has expired and this was not announced; returns how many it announced.
    async fn announce_expiry_of(&self, user: &UserId, grant: GrantId, now: Timestamp) -> Result<usize, Error> {
        let change = self.exposure.store.begin(user, None, Origin::system()).await?;
        change.lock_user().await?;
        let expired = change.reads().grant(grant).await?;
        let Some(access) =
            expired.filter(|access| access.revoked_at.is_none() && !access.expiry_announced && !access.is_active(now))
        else {
            return Ok(0);
        };
        change.raise_user(now).await?;
        let announced = AppAccess { expiry_announced: true, ..access.clone() };
        change.update_grant(EventKind::GrantExpired, &access, &announced).await?;
        change.commit(None).await?;
        Ok(1)
    }

    /// One pass: the retention period, and the quota of the next users.
    pub async fn pass(&mut self) -> Result<(), Error> {
        let store = &self.exposure.store;
        // By the earlier of two clocks: one of them may be ahead.
        let now = self.exposure.clock.now().min(store.server_time(&self.exposure.clock).await?);
        if let Ok(cutoff) = Timestamp::new(now.utc() - self.retention.events) {
            while store.prune_events(cutoff).await? > 0 {}
        }
        let mut purged = 0;
        if let Ok(cutoff) = Timestamp::new(now.utc() - self.retention.period) {
            loop {
                let deleted = self.delete(store.grants_ended_by(cutoff).await?, cutoff).await?;
                if deleted == 0 {
                    break;
                }
                purged += deleted;
            }
        }
        let most = self.retention.bytes_per_user / GRANT_BYTES;
        let next = store.revoked_grants_by_user(&self.checked_to).await?;
        let checked_to = next.last().map(|(user, _)| user.to_string()).unwrap_or_default();
        for (user, grants) in next {
            let mut excess = grants - most;
            while excess > 0 {
                let deleted = self.delete(store.oldest_revoked_grants(&user, excess).await?, now).await?;
                if deleted == 0 {
                    break;
                }
                purged += deleted;
                excess -= i64::try_from(deleted).unwrap_or(i64::MAX);
            }
        }
        self.checked_to = checked_to;
        if purged > 0 {
            info!(purged, "purged access grants that have ended");
        }
        Ok(())
    }

    async fn delete(&self, grants: Vec<(UserId, GrantId)>, ended_by: Timestamp) -> Result<u64, Error> {
        let mut by_user: BTreeMap<UserId, Vec<GrantId>> = BTreeMap::new();
        for (user, grant) in grants {
            by_user.entry(user).or_default().push(grant);
        }
        let mut deleted = 0;
        let mut failures = Failures::default();
        for (user, grants) in by_user {
            deleted += failures.tolerate(user.as_str(), self.delete_of(&user, &grants, ended_by)).await?;
        }
        counter!(PURGED).increment(deleted);
        Ok(deleted)
    }

    async fn delete_of(&self, user: &UserId, grants: &[GrantId], ended_by: Timestamp) -> Result<u64, Error> {
        let change = self.exposure.store.begin(user, None, Origin::system()).await?;
        change.lock_user().await?;
        let deleted = change.delete_grants(grants, ended_by).await?;
        change.commit(None).await?;
        Ok(deleted)
    }
}
