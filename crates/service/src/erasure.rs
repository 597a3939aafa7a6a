//! Erasure of a person, step by step: revoke, wait until watchers have heard it, revoke again, remove.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use metrics::{Gauge, describe_gauge, gauge};
use persistence::{Database, VersionTable, erasure::Erasure, usage_days::OtherParty};
use tracing::{info, warn};
use types::Timestamp;

const ERASURES: &str = "erasures_in_progress";

/// The persons who are being erased, as this process knows them: changes that name one are refused. Another replica learns of a request
/// with its next [`refresh`](Self::refresh); what it changes until then is revoked before the erasure ends.
#[derive(Clone, Debug, Default)]
pub struct ErasedUsers(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// How many there are; `None` in tests.
    metric: Option<Gauge>,
    is_empty: AtomicBool,
    /// Requests to this process.
    added: AtomicU64,
    users: RwLock<HashSet<String>>,
    /// Persons whose rows are deleted, and whose content may still be in the files of the database.
    unpurged: Mutex<Vec<String>>,
}

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErasureState {
    /// Not every revocation is committed.
    Pending,
    /// Everything is revoked, and will be removed.
    Revoked,
    /// Nothing is stored about the person.
    Erased,
}

/// The maximum wait between two slices of an erasure.
const MAX_WAIT: Duration = Duration::from_millis(100);

/// Throttles an erasure to half of the time: after each slice it waits for as long as the slice took.
#[derive(Debug)]
pub struct Throttle(Instant);

impl Throttle {
    /// Begins a slice.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Ends a slice, waits, and begins the next one.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.0.elapsed().min(MAX_WAIT)).await;
        self.0 = Instant::now();
    }
}

/// What a service does to erase a person.
pub trait ErasureSteps {
    /// The table of versions.
    const VERSIONS: VersionTable;
    /// Who uses a person's data.
    const OTHER_PARTY: OtherParty;

    /// The time by the clocks of the process and of the database, the earlier of both.
    fn time(&self) -> impl Future<Output = anyhow::Result<Timestamp>> + Send;

    /// Revokes everything of and to the person, in slices; returns how many rows it revoked.
    fn revoke(&self, user: &str) -> impl Future<Output = anyhow::Result<usize>> + Send;

    /// Removes every row of and about the person, except events and stored responses.
    fn remove(&self, user: &str) -> impl Future<Output = anyhow::Result<()>> + Send;
}

impl ErasedUsers {
    /// Reads who is being erased.
    pub async fn load(database: &Database) -> anyhow::Result<Self> {
        describe_gauge!(ERASURES, "Persons who are being erased");
        let metric = gauge!(ERASURES, "service" => database.schema());
        let users = Self(Arc::new(Known { metric: Some(metric), ..Known::default() }));
        users.refresh(database).await?;
        Ok(users)
    }

    /// Reads who is being erased; to be called about once a second.
    pub async fn refresh(&self, database: &Database) -> anyhow::Result<()> {
        let added = self.0.added.load(Ordering::SeqCst);
        let erasures = database.erasures().await?;
        self.set(&erasures, added);
        Ok(())
    }

    /// Whether a person is being erased.
    pub fn contains(&self, user: &str) -> bool {
        !self.0.is_empty.load(Ordering::SeqCst)
            && self.0.users.read().unwrap_or_else(PoisonError::into_inner).contains(user)
    }

    /// Adds a person whose erasure was requested here; returns whether they are new.
    pub fn add(&self, user: &str) -> bool {
        let mut users = self.0.users.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = users.insert(user.to_owned());
        self.0.added.fetch_add(1, Ordering::SeqCst);
        self.0.is_empty.store(false, Ordering::SeqCst);
        is_new
    }

    fn unpurged(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.unpurged.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces the persons by those of a list that was read when `added` requests had been made here.
    fn set(&self, erasures: &[Erasure], added: u64) {
        let mut users: HashSet<_> = erasures.iter().map(|erasure| erasure.user.clone()).collect();
        users.extend(self.unpurged().iter().cloned());
        let mut current = self.0.users.write().unwrap_or_else(PoisonError::into_inner);
        if self.0.added.load(Ordering::SeqCst) != added {
            // The list may lack a request that was made since.
            users.extend(current.drain());
        }
        if let Some(metric) = &self.0.metric {
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
            metric.set(users.len() as f64);
        }
        let is_empty = users.is_empty();
        *current = users;
        self.0.is_empty.store(is_empty, Ordering::SeqCst);
    }
}

/// Advances every erasure; to be called about once a second. One that fails does not delay another.
pub async fn advance<S: ErasureSteps + Sync>(
    steps: &S,
    database: &Database,
    erased: &ErasedUsers,
    delay: Duration,
) -> anyhow::Result<()> {
    erased.refresh(database).await?;
    let erasures = database.erasures().await?;
    for Erasure { user, .. } in erasures {
        match take_step(steps, database, &user, delay).await {
            Ok(false) => {}
            Ok(true) => erased.unpurged().push(user),
            Err(error) => warn!(cause = format!("{error:#}"), "an erasure failed; retrying"),
        }
    }
    let unpurged = erased.unpurged().len();
    if unpurged > 0 {
        database.truncate_wal().await?;
        erased.unpurged().drain(..unpurged);
        info!(persons = unpurged, "erasures are complete");
    }
    erased.refresh(database).await
}

/// Advances one erasure; returns whether every row was deleted.
async fn take_step<S: ErasureSteps + Sync>(
    steps: &S,
    database: &Database,
    user: &str,
    delay: Duration,
) -> anyhow::Result<bool> {
    // As it is now: another replica may have gone on, or ended it.
    let Some(Erasure { revoked_at, .. }) = database.erasure_of(user).await? else { return Ok(false) };
    let Some(revoked_at) = revoked_at else {
        steps.revoke(user).await?;
        // What was revoked last has the whole delay too.
        database.set_erasure_revoked(user, Some(steps.time().await?)).await?;
        return Ok(false);
    };
    let waited = (steps.time().await?.utc() - revoked_at.utc()).to_std().unwrap_or_default();
    if waited < delay {
        return Ok(false);
    }
    // A change that another replica had begun before it knew.
    if steps.revoke(user).await? > 0 {
        database.set_erasure_revoked(user, Some(steps.time().await?)).await?;
        return Ok(false);
    }
    if database.erasure_of(user).await?.and_then(|erasure| erasure.revoked_at) != Some(revoked_at) {
        // Another replica found one, and waits again.
        return Ok(false);
    }
    steps.remove(user).await?;
    while !database.expire_tokens_of(user).await? {
        // On PostgreSQL the last events may still wait for their position.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut throttle = Throttle::start();
    while database.scrub_feed(user).await? {
        throttle.wait().await;
    }
    while database.erase_usage(user, S::OTHER_PARTY).await? {
        throttle.wait().await;
    }
    database.erase_responses(user).await?;
    // A replica that did not know yet may have created rows since the second pass.
    if steps.revoke(user).await? > 0 {
        database.set_erasure_revoked(user, Some(steps.time().await?)).await?;
        return Ok(false);
    }
    Ok(database.finish_erasure(user, revoked_at, S::VERSIONS, steps.time().await?).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_during_a_refresh_stays_known() {
        let users = ErasedUsers::default();
        // The list was read, then ann's erasure was requested here.
        assert!(users.add("ann") && !users.add("ann"), "new once");
        users.set(&[], 0);
        assert!(users.contains("ann"));
        // The next list has been read since: she is erased.
        users.set(&[], 2);
        assert!(!users.contains("ann"));
    }
}
