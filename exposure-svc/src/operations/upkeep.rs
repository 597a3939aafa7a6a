//! Upkeep: purges access grants that ended long ago, or of which one user has too many. No decision depends on it.

use std::{collections::BTreeMap, time::Duration};

use metrics::{counter, describe_counter};
use runtime::shutdown::Shutdown;
use tokio::time::sleep;
use tracing::{info, warn};
use types::Timestamp;

use super::Exposure;
use crate::{
    domain::{GrantId, UserId},
    error::Error,
    storage::GRANT_BYTES,
};

/// The interval.
const EVERY: Duration = Duration::from_mins(1);
const PURGED: &str = "app_access_purged_total";

/// The retention settings.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// For how long.
    pub period: Duration,
    /// Bytes of rows of one user.
    pub bytes_per_user: i64,
}

/// The background task.
pub struct Upkeep {
    exposure: Exposure,
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
        loop {
            tokio::select! {
                () = shutdown.begun() => return,
                () = sleep(EVERY) => {}
            }
            // A slice that is cut is rolled back, and repeated by the next process.
            let done = tokio::select! {
                () = shutdown.begun() => return,
                done = self.pass() => done,
            };
            if let Err(error) = done {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                warn!(%error, cause, "upkeep of access grants failed; retrying");
            }
        }
    }

    /// One pass: the retention period, and the quota of the next users.
    pub async fn pass(&mut self) -> Result<(), Error> {
        let store = &self.exposure.store;
        // By the earlier of two clocks: one of them may be ahead.
        let now = self.exposure.clock.now().min(store.server_time(&self.exposure.clock).await?);
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
            let change = self.exposure.store.begin(&user, None).await?;
            change.hold_user().await?;
            deleted += change.delete_grants(&grants, ended_by).await?;
            change.commit(None).await?;
        }
        counter!(PURGED).increment(deleted);
        Ok(deleted)
    }
}
