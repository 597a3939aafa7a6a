//! Group commit on SQLite: changes that wait for the one writer share a transaction, and so one sync of the disk.
//!
//! A change that ends while others wait leaves its transaction open for the next one, which works below a savepoint of its own. Each
//! change is confirmed after the common COMMIT, and all of them fail if that fails. Without waiters a change commits its transaction
//! itself.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};
use tokio::{
    sync::{Mutex, Notify, OwnedMutexGuard, watch},
    time::timeout,
};

use super::ChangePermit;

/// Changes in one transaction.
const MAX_CHANGES: usize = 32;
/// A transaction that is older takes no further change.
const MAX_AGE: Duration = Duration::from_millis(5);
/// How long an open transaction waits for a change that is on its way.
const LINGER: Duration = Duration::from_millis(1);

/// The writer of a SQLite database, and its open transaction. Clones share them.
#[derive(Clone)]
pub(crate) struct GroupCommit {
    writer: DatabaseConnection,
    open: Arc<Mutex<Option<Group>>>,
    arrivals: Arc<Arrivals>,
    max_age: Duration,
}

/// Changes that will take the writer soon.
#[derive(Debug, Default)]
struct Arrivals {
    expected: AtomicUsize,
    arrived: Notify,
}

/// Registers a change that will take the writer, until it is dropped.
#[derive(Debug)]
pub(crate) struct Arrival(Arc<Arrivals>);

/// An open transaction of one or several changes.
pub(crate) struct Group {
    transaction: Arc<DatabaseTransaction>,
    /// Changes that it holds. Each but the first has a savepoint.
    changes: usize,
    full_at: Instant,
    outcome: Arc<watch::Sender<Option<Result<(), DbErr>>>>,
    /// The last change ended without a commit: its savepoint is to be rolled back.
    is_undone: bool,
    /// Of changes that have ended: until the commit no other change reads what they wrote, or read. Released after the transaction.
    permits: Vec<ChangePermit>,
}

/// The exclusive use of the writer by one change. Dropped, the change is rolled back.
pub(crate) struct WriterTurn {
    group_commit: GroupCommit,
    // Dropped before `open`, which then has the last reference.
    transaction: Arc<DatabaseTransaction>,
    open: OpenGroup,
}

/// What becomes of the writes of a change that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writes {
    /// They are committed.
    Kept,
    /// They are not. What the change has read is committed when its outcome is known.
    RolledBack,
}

/// The lock of the writer, with the group of the change that holds it.
pub(crate) struct OpenGroup {
    group: OwnedMutexGuard<Option<Group>>,
    /// Of the change.
    permits: Vec<ChangePermit>,
    /// What becomes of the change is decided.
    is_ended: bool,
}

/// What is left to do for a change that has ended.
pub(crate) enum Ending {
    /// Its transaction is committed with others.
    Common(watch::Receiver<Option<Result<(), DbErr>>>),
    /// It commits its transaction itself. The lock of the writer is held until then.
    Own(Group, OpenGroup),
    /// There was nothing to commit.
    Nothing,
}

impl GroupCommit {
    pub(crate) fn new(writer: DatabaseConnection) -> Self {
        Self { writer, open: Arc::default(), arrivals: Arc::default(), max_age: MAX_AGE }
    }

    /// Registers a change that will take the writer.
    pub(crate) fn expect(&self) -> Arrival {
        self.arrivals.expected.fetch_add(1, Ordering::SeqCst);
        Arrival(self.arrivals.clone())
    }

    /// Waits for the writer, and begins a change in the open transaction or in a new one.
    pub(crate) async fn take(&self, wait: Duration) -> Result<WriterTurn, DbErr> {
        let arrival = self.expect();
        let locked = timeout(wait, self.open.clone().lock_owned()).await;
        let mut open = locked.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?;
        drop(arrival);
        self.arrivals.arrived.notify_one();
        if let Some(group) = open.take() {
            // Others wait for the group: a caller that goes away now must not take it along.
            let joining = tokio::spawn(self.clone().join(open, group)).await;
            match joining.map_err(|error| DbErr::Custom(error.to_string()))? {
                Ok(turn) => return Ok(turn),
                Err(unlocked) => open = unlocked,
            }
        }
        let options = TransactionOptions {
            // A transaction that reads first and writes later would be refused as busy.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let group = Group {
            transaction: Arc::new(self.writer.begin_with_options(options).await?),
            changes: 1,
            full_at: Instant::now() + self.max_age,
            outcome: Arc::new(watch::Sender::new(None)),
            is_undone: false,
            permits: Vec::new(),
        };
        let transaction = group.transaction.clone();
        *open = Some(group);
        Ok(self.turn(transaction, open))
    }

    /// Begins a change in `group`. Returns the lock if the transaction of the group is lost.
    async fn join(
        self,
        mut open: OwnedMutexGuard<Option<Group>>,
        mut group: Group,
    ) -> Result<WriterTurn, OwnedMutexGuard<Option<Group>>> {
        if let Err(error) = group.add().await {
            // SQLite has rolled back the whole transaction, or the connection is broken.
            group.fail(error);
            return Err(open);
        }
        let transaction = group.transaction.clone();
        *open = Some(group);
        Ok(self.turn(transaction, open))
    }

    fn turn(&self, transaction: Arc<DatabaseTransaction>, group: OwnedMutexGuard<Option<Group>>) -> WriterTurn {
        let open = OpenGroup { group, permits: Vec::new(), is_ended: false };
        WriterTurn { group_commit: self.clone(), transaction, open }
    }

    /// Whether another change will take the writer soon.
    fn is_awaited(&self) -> bool {
        self.arrivals.expected.load(Ordering::SeqCst) > 0
    }

    /// Commits the transaction that is open when the changes that wait now have ended.
    async fn commit_open(self) {
        let mut has_arrivals = true;
        loop {
            let mut open = self.open.clone().lock_owned().await;
            let Some(group) = open.take() else { return };
            if group.is_full() || !self.is_awaited() || !has_arrivals {
                // The lock is held until then.
                group.commit().await;
                return;
            }
            *open = Some(group);
            drop(open);
            // What is expected may wait for a commit, or not come at all.
            has_arrivals = timeout(LINGER, self.arrivals.arrived.notified()).await.is_ok();
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        self.0.expected.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Group {
    fn is_full(&self) -> bool {
        self.changes >= MAX_CHANGES || Instant::now() >= self.full_at
    }

    /// The statement that ends the savepoint of the last change; empty if it has none.
    fn end_savepoint(&self) -> String {
        let Self { changes, is_undone, .. } = self;
        match (changes, is_undone) {
            (1, _) => String::new(),
            (_, true) => format!("ROLLBACK TO change_{changes}; RELEASE change_{changes};"),
            (_, false) => format!("RELEASE change_{changes};"),
        }
    }

    /// Begins another change. An error means that the transaction is lost: a savepoint that is not there was rolled back with it.
    async fn add(&mut self) -> Result<(), DbErr> {
        let sql = format!("{} SAVEPOINT change_{}", self.end_savepoint(), self.changes + 1);
        self.transaction.execute_unprepared(&sql).await?;
        self.changes += 1;
        self.is_undone = false;
        Ok(())
    }

    /// Commits all changes and reports the outcome to them.
    async fn commit(self) {
        let end_savepoint = self.end_savepoint();
        let Self { transaction, outcome, permits, .. } = self;
        outcome.send_replace(Some(commit(transaction, &end_savepoint).await));
        drop(permits);
    }

    /// Reports to all changes that their transaction is lost.
    fn fail(self, error: DbErr) {
        self.outcome.send_replace(Some(Err(error)));
    }
}

async fn commit(transaction: Arc<DatabaseTransaction>, end_savepoint: &str) -> Result<(), DbErr> {
    if !end_savepoint.is_empty() {
        transaction.execute_unprepared(end_savepoint).await?;
    }
    let transaction = Arc::into_inner(transaction);
    transaction.ok_or_else(|| DbErr::Custom("a change that has ended uses its transaction".to_owned()))?.commit().await
}

impl WriterTurn {
    /// The same turn with the permits of its change.
    pub(crate) fn with_permits(mut self, permits: Vec<ChangePermit>) -> Self {
        self.open.permits = permits.into_iter().map(ChangePermit::arrived).collect();
        self
    }

    /// For the statements of the change.
    pub(crate) fn transaction(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Ends the change, with what it wrote or without.
    pub(crate) fn end(self, writes: Writes) -> Ending {
        let Self { group_commit, transaction, mut open } = self;
        drop(transaction);
        open.is_ended = true;
        let Some(mut group) = open.group.take() else { return Ending::Nothing };
        group.is_undone = writes == Writes::RolledBack;
        if group.changes == 1 && group.is_undone {
            // Dropped, it is rolled back.
            return Ending::Nothing;
        }
        let is_last = group.is_full() || !group_commit.is_awaited();
        if group.changes == 1 && is_last {
            return Ending::Own(group, open);
        }
        let outcome = group.outcome.subscribe();
        let permits = std::mem::take(&mut open.permits);
        if is_last {
            group.permits.extend(permits);
            // The others wait for it too: it is not cancelled with this change.
            tokio::spawn(async move {
                group.commit().await;
                drop(open);
            });
        } else {
            let is_first = group.changes == 1;
            // The next change of the same owner may go on in the same transaction.
            group.permits.extend(permits.into_iter().map(ChangePermit::hand_over));
            *open.group = Some(group);
            drop(open);
            if is_first {
                tokio::spawn(group_commit.commit_open());
            }
        }
        Ending::Common(outcome)
    }
}

impl Ending {
    /// Waits until the change is committed.
    pub(crate) async fn outcome(self) -> Result<(), DbErr> {
        match self {
            Self::Common(mut outcome) => {
                let ended = outcome.wait_for(Option::is_some).await;
                let ended = ended.map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
                ended.clone().unwrap_or(Ok(()))
            }
            Self::Own(Group { transaction, .. }, open) => {
                let committed = commit(transaction, "").await;
                drop(open);
                committed
            }
            Self::Nothing => Ok(()),
        }
    }
}

impl Drop for OpenGroup {
    fn drop(&mut self) {
        if self.is_ended {
            return;
        }
        match self.group.as_mut() {
            // Others wait for its commit. It may have read what they wrote.
            Some(group) if group.changes > 1 => {
                group.is_undone = true;
                group.permits.append(&mut self.permits);
            }
            // It is rolled back.
            Some(_) | None => drop(self.group.take()),
        }
    }
}

impl fmt::Debug for GroupCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupCommit").field("arrivals", &self.arrivals).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
