//! A write transaction that holds the lock of one person.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult, SqliteTransactionMode,
    Statement, TransactionOptions, TransactionTrait, Value,
};

use super::{ChangePermit, Database, DatabaseErrorKind, Priority, QueueTimeout, write_health::WriteHealth};

/// A database-wide lock, held until its transaction ends. Changes that take several take them in one order, or they would
/// wait for each other.
#[derive(Clone, Debug)]
pub struct Lock(String);

impl Lock {
    /// `kind` separates the locks of one purpose from those of another.
    pub fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind}/{name}"))
    }
}

/// An open transaction. Dropped without [`commit`](Self::commit), it is rolled back.
pub struct Change {
    transaction: DatabaseTransaction,
    write_health: WriteHealth,
    /// Released after the transaction has ended: fields are dropped in the order of their declaration.
    _permits: Vec<ChangePermit>,
}

impl Database {
    /// Waits in this process until no other change holds `lock`, before a connection is taken.
    pub async fn queue(&self, lock: &Lock, priority: Priority<'_>) -> Result<ChangePermit, QueueTimeout> {
        self.queue.acquire(lock.0.clone(), priority, self.wait).await
    }

    /// Begins a change that keeps `permits` until it ends, and then [locks](Change::lock) what it must be alone with. On
    /// SQLite it is the only change of the whole database; `BEGIN IMMEDIATE`, because a transaction that reads first and
    /// writes later would be refused as busy.
    ///
    /// A pooled connection that turns out to be broken is replaced: nothing was sent on it but `BEGIN`.
    pub async fn begin(&self, permits: Vec<ChangePermit>) -> Result<Change, DbErr> {
        let is_sqlite = self.writer.get_database_backend() == DbBackend::Sqlite;
        let options = || TransactionOptions {
            // Whatever the server's default: a snapshot taken while waiting for the lock would hide what it waited for.
            isolation_level: (!is_sqlite).then_some(IsolationLevel::ReadCommitted),
            sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let mut attempts = 0;
        loop {
            match self.writer.begin_with_options(options()).await {
                Ok(transaction) => {
                    let write_health = self.write_health.clone();
                    return Ok(Change { transaction, write_health, _permits: permits });
                }
                Err(error) if attempts < self.write_connections && DatabaseErrorKind::is_broken_connection(&error) => {
                    attempts += 1;
                }
                Err(error) => return self.write_health.observe(Err(error)),
            }
        }
    }
}

impl Change {
    /// Waits until no other change holds `lock`, then holds it until the end of this one.
    pub async fn lock(&self, lock: &Lock) -> Result<(), DbErr> {
        if self.transaction.get_database_backend() != DbBackend::Postgres {
            // SQLite has one writer.
            return Ok(());
        }
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", vec![lock.0.as_str().into()])
            .await
            .map(drop)
    }

    /// For the statements of this change.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.transaction
    }

    /// Runs a statement and returns how many rows it changed.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        let statement = Statement::from_sql_and_values(self.transaction.get_database_backend(), sql, values);
        self.write_health.observe(self.transaction.execute_raw(statement).await).map(|done| done.rows_affected())
    }

    /// Runs a statement and returns its rows.
    pub async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        let statement = Statement::from_sql_and_values(self.transaction.get_database_backend(), sql, values);
        self.write_health.observe(self.transaction.query_all_raw(statement).await)
    }

    /// Commits the change; after `Ok` it survives a crash.
    pub async fn commit(self) -> Result<(), DbErr> {
        let Self { transaction, write_health, _permits: permits } = self;
        let committed = write_health.observe(transaction.commit().await);
        drop(permits);
        committed
    }
}
