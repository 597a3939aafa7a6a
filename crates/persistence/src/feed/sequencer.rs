//! Sequencer: gives committed changes their positions, in short transactions, one at a time. Any replica runs it at any time.

use std::{collections::VecDeque, sync::PoisonError, time::Duration};

use metrics::{describe_gauge, gauge};
use runtime::shutdown::Shutdown;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use tokio::time::{Instant, sleep, timeout};
use tracing::warn;

use super::epoch::{Epoch, IDENTITY_POSTGRES, start_next};
use crate::Database;

/// Changes that one transaction moves.
const SLICE: i64 = 5_000;
/// How often the queue is read when no change of this process wakes the sequencer: changes whose process ended before it gave them
/// their position.
const POLL: Duration = Duration::from_millis(250);
/// The time from one step to the next, unless there is more than a slice: one transaction for the changes of some milliseconds leaves more of
/// the server to them than one for each change.
const STEP_EVERY: Duration = Duration::from_millis(5);
/// Rows that were moved this long ago need not be passed over again: no transaction that took a lower number is still open, except where
/// the server's timeouts are longer. Dead rows stay in the index while any transaction of the server is open.
const SETTLED: Duration = Duration::from_mins(2);
/// How often the queue is read from its beginning, in case one was.
const FULL_READ: Duration = Duration::from_mins(1);

const PENDING: &str = "change_feed_pending";
const OLDEST: &str = "change_feed_pending_oldest_seconds";

const OLDEST_TRANSACTION: &str = "database_oldest_transaction_seconds";
/// How often the oldest transaction is looked for.
const OLDEST_EVERY: Duration = Duration::from_secs(15);

const TRY_LOCK: &str = "SELECT epoch FROM feed_state WHERE id = 1 FOR UPDATE SKIP LOCKED";
/// Never in one statement with the lock: PostgreSQL executes a term that modifies data even where the lock gave no row.
const MOVE: &str = "
    WITH moved AS (
        DELETE FROM pending WHERE n IN (SELECT n FROM pending WHERE n > $1 ORDER BY n LIMIT $2)
        RETURNING n, owner_id, version
    ), appended AS (
        INSERT INTO feed (position, owner_id, version)
        SELECT COALESCE((SELECT MAX(position) FROM feed), (SELECT pruned_to FROM feed_state WHERE id = 1))
                + row_number() OVER (ORDER BY n),
            owner_id, version
        FROM moved
        RETURNING position
    )
    SELECT (SELECT COUNT(*) FROM moved) AS moved, (SELECT MAX(n) FROM moved) AS last_n";

impl Database {
    /// Every change that was committed before `at` has its position.
    fn set_sequenced_at(&self, at: Instant) {
        *self.sequenced_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
    }

    /// When every change that was committed before had its position, as far as the sequencer of this process knows.
    pub(super) fn sequenced_at(&self) -> Option<Instant> {
        match self.writer.get_database_backend() {
            DbBackend::Postgres => *self.sequenced_at.lock().unwrap_or_else(PoisonError::into_inner),
            // The writer gives positions itself.
            DbBackend::Sqlite | _ => Some(Instant::now()),
        }
    }
}

/// The background task.
pub struct Sequencer {
    database: Database,
    /// Numbers of the queue up to this one were moved long ago.
    floor: i64,
    /// The highest numbers that were moved, with their time.
    moved: VecDeque<(Instant, i64)>,
    read_from_beginning: Instant,
    oldest_read_at: Option<Instant>,
    /// Since when the queue has rows that could not be moved.
    stalled_since: Option<Instant>,
}

impl Sequencer {
    /// The sequencer of this process.
    pub fn new(database: Database) -> Self {
        describe_gauge!(PENDING, "Whether the queue of the sequencer had changes at the last look");
        describe_gauge!(
            OLDEST_TRANSACTION,
            "Age of the oldest transaction of the PostgreSQL server, which keeps dead rows"
        );
        describe_gauge!(OLDEST, "Seconds for which changes have waited in the queue of the sequencer");
        // Also where there is nothing to do: an alert that finds no series says nothing.
        for name in [PENDING, OLDEST, OLDEST_TRANSACTION] {
            gauge!(name).set(0.0);
        }
        Self {
            database,
            floor: 0,
            moved: VecDeque::new(),
            read_from_beginning: Instant::now(),
            oldest_read_at: None,
            stalled_since: None,
        }
    }

    /// Works until the shutdown begins. On SQLite there is nothing to do: the writer gives positions itself.
    pub async fn run(mut self, shutdown: Shutdown) {
        if self.database.writer.get_database_backend() != DbBackend::Postgres {
            return;
        }
        loop {
            let begun_at = Instant::now();
            let sequenced = tokio::select! {
                () = shutdown.begun() => return,
                sequenced = self.step() => sequenced,
            };
            let wait = match sequenced {
                Ok(true) => continue,
                Ok(false) => POLL,
                Err(error) => {
                    warn!(%error, "cannot give changes their positions; retrying");
                    POLL * 4
                }
            };
            tokio::select! {
                () = shutdown.begun() => return,
                () = self.wait(wait) => sleep(STEP_EVERY.saturating_sub(begun_at.elapsed())).await,
            }
        }
    }

    /// Waits until a change of this process is committed, or `time` has passed.
    async fn wait(&self, time: Duration) {
        // Both mean that the queue is read again.
        let _ = timeout(time, self.database.feed_changed.notified()).await;
    }

    /// Moves a slice of the queue; returns whether there may be more.
    pub async fn step(&mut self) -> Result<bool, DbErr> {
        self.settle();
        self.measure_oldest_transaction().await?;
        let begun_at = Instant::now();
        if !self.has_pending().await? {
            self.database.set_sequenced_at(begun_at);
            self.stalled_since = None;
            gauge!(PENDING).set(0.0);
            gauge!(OLDEST).set(0.0);
            return Ok(false);
        }
        gauge!(PENDING).set(1.0);
        let stalled_since = *self.stalled_since.get_or_insert_with(Instant::now);
        gauge!(OLDEST).set(stalled_since.elapsed().as_secs_f64());
        let change = self.database.begin(Vec::new()).await?;
        let rows = change.query(TRY_LOCK, Vec::new()).await?;
        let Some(row) = rows.first() else {
            // Another replica is at it.
            drop(change);
            sleep(Duration::from_millis(5)).await;
            return Ok(true);
        };
        let epoch = Epoch::parse(&row.try_get::<String>("", "epoch")?)?;
        // A standby that was promoted goes on here: its positions belong to a new epoch.
        let identity = format!(
            "SELECT {IDENTITY_POSTGRES} AS identity, identity = {IDENTITY_POSTGRES} AS is_same FROM feed_state WHERE id = 1"
        );
        let rows = change.query(&identity, Vec::new()).await?;
        if let Some(row) = rows.first()
            && !row.try_get::<bool>("", "is_same")?
        {
            warn!("the database was promoted or restored: a new epoch of the change feed begins");
            start_next(&change, epoch, &row.try_get::<String>("", "identity")?).await?;
        }
        let begun_at = Instant::now();
        let rows = change.query(MOVE, vec![self.floor.into(), SLICE.into()]).await?;
        change.commit().await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let moved: i64 = row.try_get("", "moved")?;
        if let Some(last) = row.try_get::<Option<i64>>("", "last_n")? {
            self.moved.push_back((Instant::now(), last));
            self.stalled_since = None;
        }
        if moved < SLICE {
            self.database.set_sequenced_at(begun_at);
        }
        if moved > 0 {
            self.database.feed_grew.notify_one();
        }
        Ok(moved == SLICE)
    }

    /// Shows the age of the oldest transaction that keeps dead rows.
    async fn measure_oldest_transaction(&mut self) -> Result<(), DbErr> {
        const AGE: &str = "
            SELECT CAST(COALESCE(MAX(EXTRACT(EPOCH FROM clock_timestamp() - xact_start)), 0) AS double precision) AS age
            FROM pg_stat_activity WHERE backend_xid IS NOT NULL OR backend_xmin IS NOT NULL";
        if self.oldest_read_at.is_some_and(|at| at.elapsed() < OLDEST_EVERY) {
            return Ok(());
        }
        self.oldest_read_at = Some(Instant::now());
        let row = self.database.reader().query_one_raw(Statement::from_string(DbBackend::Postgres, AGE)).await?;
        if let Some(row) = row {
            gauge!(OLDEST_TRANSACTION).set(row.try_get::<f64>("", "age")?);
        }
        Ok(())
    }

    async fn has_pending(&self) -> Result<bool, DbErr> {
        const ANY: &str = "SELECT n FROM pending WHERE n > $1 ORDER BY n LIMIT 1";
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, ANY, [self.floor.into()]);
        Ok(reader.query_one_raw(statement).await?.is_some())
    }

    /// Raises the floor to what was moved long ago, and lowers it from time to time.
    fn settle(&mut self) {
        while let Some((at, number)) = self.moved.front().copied()
            && at.elapsed() > SETTLED
        {
            self.floor = self.floor.max(number);
            self.moved.pop_front();
        }
        if self.read_from_beginning.elapsed() > FULL_READ {
            self.read_from_beginning = Instant::now();
            self.floor = 0;
        }
    }
}
