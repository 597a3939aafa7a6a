//! Erasure of a person: the request, which is kept until it is done, and the removal of what both services keep alike.

use std::time::Duration;

use ::types::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, prelude::ChronoDateTimeUtc};
use sea_orm_migration::{prelude::*, schema};

use crate::{Change, Database, Dialect, VersionTable, idempotency};

/// Rows that one transaction removes or scrubs.
const SLICE: i64 = 1_000;
/// How often, and after what time, the write-ahead log is truncated while a reader still uses it.
const TRUNCATE_ATTEMPTS: usize = 50;
const TRUNCATE_WAIT: Duration = Duration::from_millis(100);
/// The owner of what is left of an erased person in the feed.
pub const NO_OWNER: &str = "";
/// The kind of event that an erasure took place.
pub const ERASED: &str = "erased";

#[derive(DeriveIden)]
enum Erasures {
    Table,
    UserId,
    RequestedAt,
    RevokedAt,
}

/// A person who is being erased.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The person.
    pub user: String,
    /// When every revocation was committed; `None`: not yet.
    pub revoked_at: Option<Timestamp>,
}

/// Creates the table; a step of each service's first migration.
pub async fn create_erasures(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let dialect = Dialect::of(manager);
    let table = Table::create()
        .table(Erasures::Table)
        .col(dialect.person(Erasures::UserId))
        .col(schema::timestamp_with_time_zone(Erasures::RequestedAt))
        .col(schema::timestamp_with_time_zone_null(Erasures::RevokedAt))
        .primary_key(Index::create().name("erasures_pk").col(Erasures::UserId))
        .to_owned();
    manager.create_table(table).await
}

impl Database {
    /// Records the request to erase a person, unless it is recorded.
    pub async fn request_erasure(&self, user: &str, now: Timestamp) -> Result<Erasure, DbErr> {
        const REQUEST: &str = "
            INSERT INTO erasures (user_id, requested_at) VALUES ($1, $2)
            ON CONFLICT (user_id) DO UPDATE SET requested_at = erasures.requested_at RETURNING user_id, revoked_at";
        let change = self.begin(Vec::new()).await?;
        let rows = change.query(REQUEST, vec![user.into(), now.utc().into()]).await?;
        change.commit().await?;
        rows.first().map_or_else(|| Err(DbErr::RecordNotFound("the request".to_owned())), Erasure::read)
    }

    /// The erasure of a person; `None`: none was requested, or it is done.
    pub async fn erasure_of(&self, user: &str) -> Result<Option<Erasure>, DbErr> {
        const ONE: &str = "SELECT user_id, revoked_at FROM erasures WHERE user_id = $1";
        let rows = self.feed_rows(ONE, vec![user.into()]).await?;
        rows.first().map(Erasure::read).transpose()
    }

    /// Everyone who is being erased.
    pub async fn erasures(&self) -> Result<Vec<Erasure>, DbErr> {
        let rows = self.feed_rows("SELECT user_id, revoked_at FROM erasures ORDER BY user_id", Vec::new()).await?;
        rows.iter().map(Erasure::read).collect()
    }

    /// Records that every revocation was committed at `at`; `None`: that there are more.
    pub async fn set_erasure_revoked(&self, user: &str, at: Option<Timestamp>) -> Result<(), DbErr> {
        let change = self.begin(Vec::new()).await?;
        let values = vec![user.into(), at.map(Timestamp::utc).into()];
        change.execute("UPDATE erasures SET revoked_at = $2 WHERE user_id = $1", values).await?;
        change.commit().await
    }

    /// Whether events, stored responses or usage mention a person.
    pub async fn feed_mentions(&self, user: &str) -> Result<bool, DbErr> {
        const ANY: &str = "
            SELECT 1 AS found WHERE EXISTS (SELECT 1 FROM events WHERE owner_id = $1)
                OR EXISTS (SELECT 1 FROM events WHERE other_id = $1) OR EXISTS (SELECT 1 FROM events WHERE creator_id = $1)
                OR EXISTS (SELECT 1 FROM events WHERE actor_id = $2)
                OR EXISTS (SELECT 1 FROM idempotency_keys WHERE user_id = $1)";
        let rows = self.feed_rows(ANY, vec![user.into(), format!("user:{user}").into()]).await?;
        Ok(!rows.is_empty())
    }

    /// Ends the use of resume tokens from before the last event about a person: what they would miss will be gone. `false`: that event
    /// has no position yet.
    pub async fn expire_tokens_of(&self, user: &str) -> Result<bool, DbErr> {
        const QUEUED: &str = "
            SELECT n FROM pending WHERE owner_id = $1 OR EXISTS (
                SELECT 1 FROM events e
                WHERE e.owner_id = pending.owner_id AND e.version = pending.version AND e.other_id = $1
            ) LIMIT 1";
        const LAST: &str = "
            SELECT MAX(position) AS position FROM (
                SELECT MAX(position) AS position FROM feed WHERE owner_id = $1
                UNION ALL
                SELECT MAX(feed.position) FROM events e JOIN feed ON feed.owner_id = e.owner_id AND feed.version = e.version
                WHERE e.other_id = $1
            ) AS last";
        const LAST_SEQ: &str = "
            SELECT MAX(e.seq) AS seq FROM feed JOIN events e ON feed.owner_id = e.owner_id AND feed.version = e.version
            WHERE feed.position = $1 AND (e.owner_id = $2 OR e.other_id = $2)";
        const RAISE: &str = "
            UPDATE feed_state SET resumable_from = $1, resumable_seq = $2
            WHERE id = 1 AND (resumable_from, resumable_seq) < ($1, $2)";
        let change = self.begin(Vec::new()).await?;
        if change.connection().get_database_backend() == DbBackend::Postgres
            && !change.query(QUEUED, vec![user.into()]).await?.is_empty()
        {
            return Ok(false);
        }
        let rows = change.query(LAST, vec![user.into()]).await?;
        let last: Option<i64> = rows.first().map_or(Ok(None), |row| row.try_get("", "position"))?;
        if let Some(last) = last {
            let rows = change.query(LAST_SEQ, vec![last.into(), user.into()]).await?;
            // Without events they were deleted before a crash, and this was recorded.
            let seq: Option<i32> = rows.first().map_or(Ok(None), |row| row.try_get("", "seq"))?;
            if let Some(seq) = seq {
                change.execute(RAISE, vec![last.into(), seq.into()]).await?;
            }
        }
        change.commit().await?;
        Ok(true)
    }

    /// Removes a slice of what is recorded about a person; returns whether there may be more. Their own events go; those of others stay
    /// without the person. Positions stay, with an empty owner.
    pub async fn scrub_feed(&self, user: &str) -> Result<bool, DbErr> {
        const EVENTS: &str = "
            DELETE FROM events WHERE owner_id = $1 AND version <= (
                SELECT MAX(version) FROM (SELECT version FROM events WHERE owner_id = $1 ORDER BY version LIMIT $2) AS slice
            )";
        const FEED: &str = "
            UPDATE feed SET owner_id = '', version = 0
            WHERE position IN (SELECT position FROM feed WHERE owner_id = $1 LIMIT $2)";
        let change = self.begin(Vec::new()).await?;
        let mut scrubbed = change.execute(EVENTS, vec![user.into(), SLICE.into()]).await?;
        if scrubbed == 0 {
            scrubbed += change.execute(FEED, vec![user.into(), SLICE.into()]).await?;
        }
        for (column, mention) in
            [("other_id", user.to_owned()), ("creator_id", user.to_owned()), ("actor_id", format!("user:{user}"))]
        {
            let sql = format!(
                "UPDATE events SET after_row = NULL,
                     other_id = CASE WHEN other_id = $4 THEN NULL ELSE other_id END,
                     creator_id = CASE WHEN creator_id = $4 THEN NULL ELSE creator_id END,
                     bytes = CASE WHEN creator_id = $4 THEN 0 ELSE bytes END,
                     request_id = CASE WHEN actor_id = $3 THEN '' ELSE request_id END,
                     actor_id = CASE WHEN actor_id = $3 THEN 'user:' ELSE actor_id END
                 WHERE (owner_id, version, seq) IN (SELECT owner_id, version, seq FROM events WHERE {column} = $1 LIMIT $2)"
            );
            let values = vec![mention.into(), SLICE.into(), format!("user:{user}").into(), user.into()];
            scrubbed += change.execute(&sql, values).await?;
        }
        change.commit().await?;
        Ok(scrubbed > 0)
    }

    /// Deletes the stored responses of others that mention a person, in slices.
    pub async fn erase_responses(&self, user: &str) -> Result<(), DbErr> {
        let mut after = (String::new(), String::new());
        loop {
            let change = self.begin(Vec::new()).await?;
            let next = idempotency::erase_slice(&change, user, &after).await?;
            change.commit().await?;
            let Some(next) = next else { return Ok(()) };
            after = next;
        }
    }

    /// Ends the erasure of a person whose revocation stands since `revoked_at`: removes their version row, their stored responses and the
    /// request, and records that an erasure took place, without an id of a person. `false`: another replica did, or waits again. On SQLite the
    /// request is in the files until [`truncate_wal`](Self::truncate_wal) has run.
    pub async fn finish_erasure(
        &self,
        user: &str,
        revoked_at: Timestamp,
        versions: VersionTable,
        now: Timestamp,
    ) -> Result<bool, DbErr> {
        const RECORD: &str = "
            INSERT INTO events (owner_id, version, seq, kind, subject, row_id, has_reshares, actor_id, request_id, occurred_at, bytes)
            VALUES ('', $1, 0, $2, 'person', '', TRUE, 'system', '', $3, 0)";
        // While the request is recorded: what fails here is repeated.
        self.truncate_wal().await?;
        let change = self.begin(Vec::new()).await?;
        change.lock(&crate::Lock::new("erasures", NO_OWNER)).await?;
        let ended = "DELETE FROM erasures WHERE user_id = $1 AND revoked_at = $2";
        if change.execute(ended, vec![user.into(), revoked_at.utc().into()]).await? == 0 {
            return Ok(false);
        }
        idempotency::erase(&change, user).await?;
        change.execute("DELETE FROM event_usage WHERE owner_id = $1 OR creator_id = $1", vec![user.into()]).await?;
        change.execute(&versions.delete_statement(), vec![user.into()]).await?;
        let rows = change.query("SELECT MAX(version) AS version FROM events WHERE owner_id = ''", Vec::new()).await?;
        let last: Option<i64> = rows.first().map_or(Ok(None), |row| row.try_get("", "version"))?;
        // As of a person who is new; two erasures may end in one microsecond.
        let version = Ord::max(now.utc().timestamp_micros(), last.unwrap_or(0) + 1);
        change.execute(RECORD, vec![version.into(), ERASED.into(), now.utc().into()]).await?;
        let append = match change.connection().get_database_backend() {
            DbBackend::Postgres => "INSERT INTO pending (owner_id, version) VALUES ('', $1)".to_owned(),
            DbBackend::Sqlite | _ => super::feed::append_statement("''", "$1"),
        };
        change.execute(&append, vec![version.into()]).await?;
        change.commit().await?;
        self.feed_changed.notify_one();
        Ok(true)
    }

    /// Truncates the write-ahead log of SQLite, which holds the content of deleted rows. The pages themselves are overwritten
    /// (`secure_delete`).
    pub async fn truncate_wal(&self) -> Result<(), DbErr> {
        if self.writer.get_database_backend() != DbBackend::Sqlite {
            return Ok(());
        }
        for _ in 0..TRUNCATE_ATTEMPTS {
            let statement = Statement::from_string(DbBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
            let row = self.writer.query_one_raw(statement).await?;
            let is_busy: i32 = row.map_or(Ok(0), |row| row.try_get("", "busy"))?;
            if is_busy == 0 {
                return Ok(());
            }
            tokio::time::sleep(TRUNCATE_WAIT).await;
        }
        Err(DbErr::Custom("the write-ahead log has readers, and cannot be truncated".to_owned()))
    }
}

impl Erasure {
    fn read(row: &QueryResult) -> Result<Self, DbErr> {
        let revoked_at: Option<ChronoDateTimeUtc> = row.try_get("", "revoked_at")?;
        let revoked_at = revoked_at.map(Timestamp::new).transpose().map_err(|error| DbErr::Type(error.to_string()))?;
        Ok(Self { user: row.try_get("", "user_id")?, revoked_at })
    }
}

/// Deletes a slice of the rows of one person; returns whether there may be more.
pub async fn delete_slice(change: &Change, table: &str, person: &str, user: &str, key: &str) -> Result<bool, DbErr> {
    let sql = format!(
        "DELETE FROM {table} WHERE {person} = $1 AND {key} IN (SELECT {key} FROM {table} WHERE {person} = $1 LIMIT $2)"
    );
    Ok(change.execute(&sql, vec![user.into(), SLICE.into()]).await? > 0)
}
