//! Schema migrations, safe with many replicas.

use std::collections::HashSet;

use anyhow::Context;
use runtime::process::ConfigurationError;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement};
use sea_orm_migration::MigratorTrait;

use super::{Database, Lock};

impl Database {
    /// Applies the missing migrations of `M` in one transaction, one replica at a time.
    pub async fn migrate<M: MigratorTrait>(&self, schema: &str) -> anyhow::Result<()> {
        let change = self.begin(Vec::new()).await?;
        let connection = change.connection();
        let is_postgres = connection.get_database_backend() == DbBackend::Postgres;
        if is_postgres {
            // A replica waits as long as the migration of another takes.
            connection.execute_unprepared("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0").await?;
        }
        change.lock(&Lock::new("migrate", schema)).await?;
        if is_postgres {
            connection.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {schema}")).await?;
        }
        refuse_newer_schema::<M>(connection).await?;
        M::up(connection, None).await.context("cannot migrate the database schema")?;
        change.commit().await?;
        Ok(())
    }

    /// The number of missing migrations of `M`; an error if the schema has unknown ones.
    pub async fn pending_migrations<M: MigratorTrait>(&self) -> anyhow::Result<usize> {
        refuse_newer_schema::<M>(self.reader()).await?;
        let pending =
            M::get_pending_migrations_read_only(&self.reader.pool).await.context("cannot check the database schema")?;
        Ok(pending.len())
    }

    /// Rejects a schema with missing migrations of `M`, for a process with `--no-migrate`.
    pub async fn require_migrated<M: MigratorTrait>(&self, program: &str) -> anyhow::Result<()> {
        match self.pending_migrations::<M>().await? {
            0 => Ok(()),
            lacks => Err(ConfigurationError::new(format!(
                "the schema of this database lacks {lacks} migration(s); run `{program} migrate` first"
            ))
            .into()),
        }
    }
}

/// Refuses a schema with migrations that this program does not know: a newer program made it, and what an older one writes
/// there may be wrong.
async fn refuse_newer_schema<M: MigratorTrait>(connection: &impl ConnectionTrait) -> anyhow::Result<()> {
    let known: HashSet<String> = M::migrations().iter().map(|migration| migration.name().to_owned()).collect();
    let applied = applied(connection).await.context("cannot list the applied migrations")?;
    let unknown: Vec<_> = applied.iter().filter(|name| !known.contains(*name)).map(String::as_str).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(ConfigurationError::new(format!(
        "this database has a schema that this program does not know ({}): it was made by a newer program, or by one from before \
         the first release, whose schemas are not upgraded. Run the program that made it, restore a backup, or use a new database",
        unknown.join(", ")
    ))
    .into())
}

/// The applied migrations of a database; none before the first.
async fn applied(connection: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let backend = connection.get_database_backend();
    let exists = match backend {
        DbBackend::Postgres => "SELECT 1 WHERE to_regclass('seaql_migrations') IS NOT NULL",
        DbBackend::Sqlite | _ => "SELECT 1 FROM sqlite_master WHERE name = 'seaql_migrations'",
    };
    if connection.query_one_raw(Statement::from_string(backend, exists)).await?.is_none() {
        return Ok(Vec::new());
    }
    let names = Statement::from_string(backend, "SELECT version FROM seaql_migrations ORDER BY version");
    connection.query_all_raw(names).await?.iter().map(|row| row.try_get("", "version")).collect()
}
