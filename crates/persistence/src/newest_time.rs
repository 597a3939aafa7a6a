//! The newest time that any process of a service has seen, in a table of one row, so that time does not run backwards when a
//! clock is set back or a replica's clock is behind.

use std::time::{Duration, Instant as Monotonic};

use metrics::{describe_gauge, gauge};
use runtime::clock::{Clock, MAX_AHEAD};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, prelude::ChronoDateTimeUtc};
use sea_orm_migration::{
    prelude::{DeriveIden, Index, SchemaManager, Table},
    schema,
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use types::Timestamp;

use super::Database;

/// How often the row is raised.
const EVERY: Duration = Duration::from_secs(1);
/// Lags below this are not logged.
const TOLERANCE: Duration = Duration::from_secs(2);
const BEHIND: &str = "clock_behind_seconds";

/// $1 the clock of this process; $2 the row as last seen by this process, plus the time since then.
const RAISE_POSTGRES: &str = "
    INSERT INTO newest_time (id, newest_at) VALUES (1, LEAST($1, clock_timestamp() + $3 * interval '1 second'))
    ON CONFLICT (id) DO UPDATE SET newest_at =
        GREATEST(newest_time.newest_at, LEAST($1, clock_timestamp() + $3 * interval '1 second'), $2)
    RETURNING newest_at";
/// The database server is this process.
const RAISE_SQLITE: &str = "
    INSERT INTO newest_time (id, newest_at) VALUES (1, $1)
    ON CONFLICT (id) DO UPDATE SET newest_at = MAX(newest_at, $1, COALESCE($2, newest_at))
    RETURNING newest_at";

#[derive(DeriveIden)]
enum NewestTime {
    Table,
    Id,
    NewestAt,
}

/// Keeps a [`Clock`] at or after the newest time, and raises the newest time.
pub struct ClockSync {
    database: Database,
    clock: Clock,
    seen: Option<(Timestamp, Monotonic)>,
    is_behind: bool,
}

impl ClockSync {
    /// Reads the newest time before the clock is first used.
    pub async fn start(database: Database, clock: Clock) -> Result<Self, DbErr> {
        describe_gauge!(BEHIND, "Seconds by which the clock of this machine is behind the newest time in the database");
        let mut sync = Self { database, clock, seen: None, is_behind: false };
        sync.raise().await?;
        Ok(sync)
    }

    /// Raises the newest time once a second, and once more after the last response.
    pub async fn run(mut self, answered_all: CancellationToken) {
        while answered_all.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
            if let Err(error) = self.raise().await {
                // The clock continues on its own; readiness reports whether the database responds.
                tracing::debug!(%error, "cannot raise the newest time; retrying");
            }
        }
        if let Err(error) = self.raise().await {
            tracing::debug!(%error, "cannot raise the newest time at shutdown");
        }
    }

    async fn raise(&mut self) -> Result<(), DbErr> {
        let connection = &self.database.writer;
        let backend = connection.get_database_backend();
        let shown = self.clock.unguarded();
        let went_on = self.seen.and_then(|(newest, at)| Timestamp::new(newest.utc() + at.elapsed()).ok());
        let mut values = vec![shown.utc().into(), went_on.map(Timestamp::utc).into()];
        let sql = match backend {
            DbBackend::Postgres => {
                values.push(MAX_AHEAD.as_secs_f64().into());
                RAISE_POSTGRES
            }
            DbBackend::Sqlite | _ => RAISE_SQLITE,
        };
        let statement = Statement::from_sql_and_values(backend, sql, values);
        // Fetches all rows although there is one: SQLite commits, or reports that it cannot, when a statement has run to its end.
        let rows = self.database.write_health.observe(connection.query_all_raw(statement).await)?;
        let Some(row) = rows.first() else { return Ok(()) };
        let newest: ChronoDateTimeUtc = row.try_get("", "newest_at")?;
        let newest = Timestamp::new(newest).map_err(|error| DbErr::Type(error.to_string()))?;
        self.seen = Some((newest, Monotonic::now()));
        // Another process, or the previous one, may have used a time that it had not stored yet.
        let unwritten = if shown < newest { EVERY } else { Duration::ZERO };
        self.clock.keep_after(Timestamp::new(newest.utc() + unwritten).unwrap_or(newest));
        self.report(shown, newest);
        Ok(())
    }

    fn report(&mut self, shown: Timestamp, newest: Timestamp) {
        let behind = (newest.utc() - shown.utc()).to_std().unwrap_or_default();
        gauge!(BEHIND).set(behind.as_secs_f64());
        let is_behind = behind > TOLERANCE;
        if is_behind && !self.is_behind {
            warn!(
                behind_seconds = behind.as_secs(),
                "the clock of this machine is behind the newest time in the database; continuing from that time"
            );
        } else if self.is_behind && !is_behind {
            info!("the clock of this machine has caught up with the newest time in the database");
        }
        self.is_behind = is_behind;
    }
}

impl Database {
    /// The time by the clock of the database server; on SQLite, which is part of this process, by `clock`.
    pub async fn server_time(&self, clock: &Clock) -> Result<Timestamp, DbErr> {
        if self.reader.get_database_backend() != DbBackend::Postgres {
            return Ok(clock.now());
        }
        let ask = Statement::from_string(DbBackend::Postgres, "SELECT clock_timestamp() AS time");
        let row = self.reader.query_one_raw(ask).await?;
        let time = row.map(|row| row.try_get::<ChronoDateTimeUtc>("", "time")).transpose()?;
        let time = time.ok_or_else(|| DbErr::RecordNotFound("the time of the server".to_owned()))?;
        Timestamp::new(time).map_err(|error| DbErr::Type(error.to_string()))
    }
}

/// Creates the table; a step of each service's first migration.
pub async fn create_newest_time(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(NewestTime::Table)
                .col(schema::integer(NewestTime::Id))
                .col(schema::timestamp_with_time_zone(NewestTime::NewestAt))
                .primary_key(Index::create().name("newest_time_pk").col(NewestTime::Id))
                .to_owned(),
        )
        .await
}
