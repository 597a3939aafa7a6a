//! One change: one transaction that is alone with the person whose data it touches.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

use super::Database;

/// Something that only one change at a time may hold. Changes that take several take them in one order, or they would wait for each
/// other.
#[derive(Clone, Debug)]
pub struct Lock(String);

impl Lock {
    /// `kind` keeps the locks of one purpose from meeting those of another.
    pub fn new(kind: &str, name: &str) -> Self {
        Self(format!("{kind}/{name}"))
    }
}

/// A transaction under way. Dropped without [`commit`](Self::commit) it leaves no trace.
pub struct Change(DatabaseTransaction);

impl Database {
    /// Begins a change, which then [locks](Change::lock) what it must be alone with. On SQLite it is the only change of the whole
    /// database; `BEGIN IMMEDIATE`, because a transaction that reads first and writes later would be refused as busy.
    pub async fn begin(&self) -> Result<Change, DbErr> {
        let is_sqlite = self.writer.get_database_backend() == DbBackend::Sqlite;
        let options = TransactionOptions {
            // Whatever the server's default: a snapshot taken while waiting for the lock would hide what it waited for.
            isolation_level: (!is_sqlite).then_some(IsolationLevel::ReadCommitted),
            sqlite_transaction_mode: is_sqlite.then_some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        self.writer.begin_with_options(options).await.map(Change)
    }
}

impl Change {
    /// Waits until no other change holds `lock`, then holds it to the end of this one.
    pub async fn lock(&self, lock: &Lock) -> Result<(), DbErr> {
        if self.0.get_database_backend() != DbBackend::Postgres {
            // The writer is alone already.
            return Ok(());
        }
        let statement = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
            [lock.0.as_str().into()],
        );
        self.0.execute_raw(statement).await.map(drop)
    }

    /// For the statements of this change.
    pub fn connection(&self) -> &DatabaseTransaction {
        &self.0
    }

    /// Makes the change durable; when this returns `Ok` it survives a crash.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.0.commit().await
    }
}
