//! The read side of a database: queries, repeated once for each pooled connection that turns out to be broken.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::DatabaseErrorKind;

/// Connections for queries that change nothing. Such a query may be sent again: where a connection broke while it was idle,
/// the next one is tried, so that a database that restarted costs no caller an error.
#[derive(Clone, Debug)]
pub struct Reader {
    pub(super) pool: DatabaseConnection,
    /// How many broken connections the pool can hold.
    pub(super) connections: u32,
}

impl Reader {
    async fn retried<T, F: Future<Output = Result<T, DbErr>>>(&self, query: impl Fn() -> F) -> Result<T, DbErr> {
        let mut attempts = 0;
        loop {
            match query().await {
                Err(error) if attempts < self.connections && DatabaseErrorKind::is_broken_connection(&error) => {
                    attempts += 1;
                }
                done => return done,
            }
        }
    }
}

#[sea_orm::entity::prelude::async_trait::async_trait]
impl ConnectionTrait for Reader {
    fn get_database_backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.retried(|| self.pool.execute_raw(statement.clone())).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.retried(|| self.pool.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.retried(|| self.pool.query_one_raw(statement.clone())).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.retried(|| self.pool.query_all_raw(statement.clone())).await
    }
}
