//! Upkeep: purges access grants that ended long ago, or of which one user has too many. No decision depends on it.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, describe_counter};
use runtime::shutdown::Shutdown;
use service::erasure;
use tokio::time::{Instant, sleep};
use tracing::{info, warn};
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

    /// Works until the shutdown begins.
    pub async fn run(mut self, shutdown: Shutdown) {
        let mut pass_at = Instant::now() + EVERY;
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = sleep(EXPIRY_EVERY) => {}
                () = self.exposure.wake.notified() => {}
            }
            let is_due = Instant::now() >= pass_at;
            if is_due {
                pass_at = Instant::now() + EVERY;
            }
            let work = async {
                self.carry_on_erasures().await?;
                self.announce_expired().await?;
                if is_due { self.pass().await } else { Ok(()) }
            };
            // A slice that is cut is rolled back, and repeated by the next process.
            let done = tokio::select! {
                () = shutdown.begun() => return,
                done = work => done,
            };
            if let Err(error) = done {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                warn!(%error, cause, "upkeep of access grants failed; retrying");
            }
        }
    }

    /// Carries on every erasure.
    pub async fn carry_on_erasures(&self) -> Result<(), Error> {
        let (store, erased) = (&self.exposure.store, &self.exposure.erased);
        erasure::carry_on(self, store.database(), erased, self.retention.erasure_delay).await.map_err(Error::Internal)
    }

    /// Announces the expiry of grants, each once.
    pub async fn announce_expired(&self) -> Result<(), Error> {
        let store = &self.exposure.store;
        // Never early: by the earlier of two clocks.
        let now = self.exposure.clock.now().min(store.server_time(&self.exposure.clock).await?);
        loop {
            let mut announced = 0;
            for (user, grant) in store.grants_to_announce(now).await? {
                let change = store.begin(&user, None, Origin::system()).await?;
                change.hold_user().await?;
                let expired = change.reads().grant(grant).await?;
                let Some(access) = expired
                    .filter(|access| access.revoked_at.is_none() && !access.expiry_announced && !access.is_active(now))
                else {
                    continue;
                };
                change.raise_user(now).await?;
                let told = AppAccess { expiry_announced: true, ..access.clone() };
                change.update_grant(EventKind::GrantExpired, &access, &told).await?;
                change.commit(None).await?;
                announced += 1;
            }
            if announced == 0 {
                return Ok(());
            }
        }
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
        for (user, grants) in by_user {
            let change = self.exposure.store.begin(&user, None, Origin::system()).await?;
            change.hold_user().await?;
            deleted += change.delete_grants(&grants, ended_by).await?;
            change.commit(None).await?;
        }
        counter!(PURGED).increment(deleted);
        Ok(deleted)
    }
}
