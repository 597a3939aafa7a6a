//! A write transaction that holds the lock of one person.

use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, IsolationLevel, QueryResult, Statement, TransactionOptions,
    TransactionTrait, Value,
};

use super::{
    ChangePermit, Database, DatabaseErrorKind, Isolation, Priority, QueueTimeout,
    group_commit::{GroupCommit, WriterTurn, Writes},
    write_health::WriteHealth,
};

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
    transaction: Transaction,
    write_health: WriteHealth,
}

/// The transaction of a change.
enum Transaction {
    /// Its own, on PostgreSQL. The permits are released after it has ended: fields are dropped in the order of their declaration.
    Own(DatabaseTransaction, Vec<ChangePermit>),
    /// One that changes share, on SQLite.
    Common(WriterTurn),
}

impl Database {
    /// Waits in this process until no other change holds `lock`, before a connection is taken.
    pub async fn queue(&self, lock: &Lock, priority: Priority<'_>) -> Result<ChangePermit, QueueTimeout> {
        self.queue_as(lock, priority, Isolation::ReadCommitted).await
    }

    /// The same for a change that may read what is not committed.
    pub async fn queue_as(
        &self,
        lock: &Lock,
        priority: Priority<'_>,
        isolation: Isolation,
    ) -> Result<ChangePermit, QueueTimeout> {
        let expect = || self.group_commit.as_ref().map(GroupCommit::expect);
        let early = if isolation == Isolation::ReadUncommitted { expect() } else { None };
        let permit = self.queue.acquire(lock.0.clone(), priority, isolation, self.wait).await?;
        Ok(permit.expecting(early.or_else(expect)))
    }

    /// Begins a change that keeps `permits` until it ends, and then [locks](Change::lock) what it must be alone with. On
    /// SQLite it is the only change of the whole database that is in progress.
    ///
    /// A pooled connection that turns out to be broken is replaced: nothing was sent on it but `BEGIN`.
    pub async fn begin(&self, permits: Vec<ChangePermit>) -> Result<Change, DbErr> {
        let mut attempts = 0;
        loop {
            match self.begin_transaction().await {
                Ok(transaction) => {
                    let transaction = transaction.with_permits(permits);
                    return Ok(Change { transaction, write_health: self.write_health.clone() });
                }
                Err(error) if attempts < self.write_connections && DatabaseErrorKind::is_broken_connection(&error) => {
                    attempts += 1;
                }
                Err(error) => return self.write_health.observe(Err(error)),
            }
        }
    }

    async fn begin_transaction(&self) -> Result<Transaction, DbErr> {
        if let Some(group_commit) = &self.group_commit {
            return group_commit.take(self.wait).await.map(Transaction::Common);
        }
        let options = TransactionOptions {
            // Whatever the server's default: a snapshot taken while waiting for the lock would hide what it waited for.
            isolation_level: Some(IsolationLevel::ReadCommitted),
            ..TransactionOptions::default()
        };
        let transaction = self.writer.begin_with_options(options).await?;
        Ok(Transaction::Own(transaction, Vec::new()))
    }
}

impl Transaction {
    fn with_permits(self, permits: Vec<ChangePermit>) -> Self {
        match self {
            Self::Own(transaction, _) => Self::Own(transaction, permits),
            Self::Common(turn) => Self::Common(turn.with_permits(permits)),
        }
    }
}

impl Change {
    /// Waits until no other change holds `lock`, then holds it until the end of this one.
    pub async fn lock(&self, lock: &Lock) -> Result<(), DbErr> {
        if self.connection().get_database_backend() != DbBackend::Postgres {
            // SQLite has one writer.
            return Ok(());
        }
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", vec![lock.0.as_str().into()])
            .await
            .map(drop)
    }

    /// For the statements of this change.
    pub fn connection(&self) -> &DatabaseTransaction {
        match &self.transaction {
            Transaction::Own(transaction, _) => transaction,
            Transaction::Common(turn) => turn.transaction(),
        }
    }

    /// Runs a statement and returns how many rows it changed.
    pub async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<u64, DbErr> {
        let connection = self.connection();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        self.write_health.observe(connection.execute_raw(statement).await).map(|done| done.rows_affected())
    }

    /// Runs a statement and returns its rows.
    pub async fn query(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        let connection = self.connection();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        self.write_health.observe(connection.query_all_raw(statement).await)
    }

    /// Commits the change; after `Ok` it survives a crash.
    pub async fn commit(self) -> Result<(), DbErr> {
        self.end(Writes::Kept).await
    }

    /// Ends the change without what it wrote. After `Ok` everything that it has read survives a crash: on SQLite it may read changes of
    /// other keys that are not committed yet, and of its own with [`Isolation::ReadUncommitted`].
    pub async fn roll_back(self) -> Result<(), DbErr> {
        self.end(Writes::RolledBack).await
    }

    async fn end(self, writes: Writes) -> Result<(), DbErr> {
        let Self { transaction, write_health } = self;
        write_health.observe(match transaction {
            Transaction::Own(transaction, permits) => {
                let ended = match writes {
                    Writes::Kept => transaction.commit().await,
                    Writes::RolledBack => transaction.rollback().await,
                };
                drop(permits);
                ended
            }
            Transaction::Common(turn) => turn.end(writes).outcome().await,
        })
    }
}
