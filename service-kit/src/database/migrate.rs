//! Bringing a schema up to date, however many replicas try at once.

use anyhow::Context;
use sea_orm::{ConnectionTrait, DbBackend};
use sea_orm_migration::MigratorTrait;

use super::{Database, Lock};
use crate::process::ConfigurationError;

impl Database {
    /// Applies what is missing of `M`'s migrations, in one transaction that replicas starting together take in turn.
    pub async fn migrate<M: MigratorTrait>(&self, schema: &str) -> anyhow::Result<()> {
        let change = self.begin().await?;
        let connection = change.connection();
        let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            // A replica waits for as long as another's migration takes.
            connection.execute_unprepared("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0").await?;
        }
        change.lock(&Lock::new("migrate", schema)).await?;
        if is_postgres {
            connection.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        }
        M::up(connection, None).await.context("the schema of this database is not one that this program can bring up to date; is the program older than the schema?")?;
        change.commit().await?;
        Ok(())
    }

    /// Refuses a schema that lacks some of `M`'s migrations, for a process that is told not to apply them itself.
    pub async fn require_migrated<M: MigratorTrait>(&self, program: &str) -> anyhow::Result<()> {
        let pending = M::get_pending_migrations_read_only(self.reader())
            .await
            .context("cannot tell whether the schema of this database is up to date")?;
        if pending.is_empty() {
            return Ok(());
        }
        Err(ConfigurationError::new(format!(
            "the schema of this database lacks {} migration(s); run `{program} migrate` first",
            pending.len()
        ))
        .into())
    }
}
