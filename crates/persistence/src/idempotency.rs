//! Idempotency keys: the answer to a request is kept under the client's key, so that a repeat changes nothing and gets the
//! same answer.
//!
//! The answer is written in the transaction of the change that it answers: either both are there or neither is, after a
//! crash and on every replica.

use std::{collections::BTreeMap, time::Duration};

use ::types::{Id, IdempotencyKey, Timestamp, User};
use prost::Message;
use runtime::{clock::Clock, digest::sha256, shutdown::Shutdown};
use sea_orm::{DbErr, Set, entity::prelude::*, sea_query::Index};
use sea_orm_migration::{prelude::*, schema};
use tracing::{info, warn};

use crate::{Change, Database, Lock};

/// Retention of stored responses.
const RETENTION: Duration = Duration::from_hours(24);
/// Interval of the removal of expired responses.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// Responses removed in one transaction.
const SLICE: u16 = 500;
/// Overhead of a stored response beside its text and key.
const ROW_BYTES: usize = 256;

/// A key as one user sent it with one request.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    user: Id<User>,
    key: IdempotencyKey,
    fingerprint: String,
}

impl IdempotentRequest {
    /// `method` and `message` distinguish requests under the same key.
    pub fn new(user: Id<User>, key: IdempotencyKey, method: &str, message: &impl Message) -> Self {
        let fingerprint = sha256(&[method.as_bytes(), &[0], &message.encode_to_vec()]);
        Self { user, key, fingerprint: hex::encode(fingerprint) }
    }

    /// The lock for lookup and store: a second request waits for the response of the first.
    pub fn lock(&self) -> Lock {
        Lock::new("idempotency", &format!("{}/{}", self.user, self.key.as_str()))
    }
}

/// The result of a lookup.
#[derive(Debug)]
pub enum Lookup {
    /// Not found: execute the request, then [`store`] the response.
    Unknown,
    /// The stored response of an equal request.
    Answered(serde_json::Value),
    /// The key came with another request.
    Reused,
}

/// The result of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Stored.
    Ok,
    /// The quota of the user is exhausted. The change must not be committed.
    QuotaExceeded,
}

/// Looks a key up, under its [lock](IdempotentRequest::lock).
pub async fn lookup(change: &Change, request: &IdempotentRequest, now: Timestamp) -> Result<Lookup, DbErr> {
    let found = Entity::find_by_id((request.user.to_string(), request.key.as_str().to_owned()))
        .one(change.connection())
        .await?;
    Ok(match found {
        // The row is replaced when the new response is stored.
        Some(row) if row.created_at > now.utc() - RETENTION => {
            if row.fingerprint == request.fingerprint {
                Lookup::Answered(row.answer)
            } else {
                Lookup::Reused
            }
        }
        Some(_) | None => Lookup::Unknown,
    })
}

/// Keeps the answer to a request, in the transaction of the change it answers. The last statement of the change: the row that
/// counts the user's bytes is locked last.
pub async fn store(
    change: &Change,
    request: &IdempotentRequest,
    answer: serde_json::Value,
    now: Timestamp,
    quota_bytes: u64,
) -> Result<Stored, DbErr> {
    let (user, key) = (request.user.to_string(), request.key.as_str().to_owned());
    let bytes: i64 = (answer.to_string().len() + key.len() + ROW_BYTES).try_into().unwrap_or(i64::MAX);
    let replaced = change
        .query(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 RETURNING user_id, bytes",
            vec![user.as_str().into(), key.as_str().into()],
        )
        .await?;
    let replaced: i64 = freed(&replaced)?.values().sum();
    let row = ActiveModel {
        user_id: Set(user.clone()),
        key: Set(key),
        fingerprint: Set(request.fingerprint.clone()),
        answer: Set(answer),
        bytes: Set(bytes),
        created_at: Set(now.utc()),
    };
    Entity::insert(row).exec_without_returning(change.connection()).await?;
    let quota: i64 = quota_bytes.try_into().unwrap_or(i64::MAX);
    if add_usage(change, &user, bytes - replaced).await? <= quota {
        return Ok(Stored::Ok);
    }
    let expired = change
        .query(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND created_at <= $2 RETURNING user_id, bytes",
            vec![user.as_str().into(), (now.utc() - RETENTION).into()],
        )
        .await?;
    let expired: i64 = freed(&expired)?.values().sum();
    let bytes_now = add_usage(change, &user, -expired).await?;
    Ok(if bytes_now <= quota { Stored::Ok } else { Stored::QuotaExceeded })
}

/// Deletes the stored responses of a user.
pub async fn erase(change: &Change, user: &str) -> Result<(), DbErr> {
    change.execute("DELETE FROM idempotency_keys WHERE user_id = $1", vec![user.into()]).await?;
    change.execute("DELETE FROM kept_usage WHERE user_id = $1", vec![user.into()]).await?;
    Ok(())
}

/// Deletes those of the next stored responses after this user and key that mention `user`. Returns the last user and key that it read;
/// `None`: there were no more.
pub async fn erase_slice(
    change: &Change,
    user: &str,
    (after_user, after_key): &(String, String),
) -> Result<Option<(String, String)>, DbErr> {
    let text = match change.connection().get_database_backend() {
        // PostgreSQL writes a space after the colon.
        sea_orm::DbBackend::Postgres => "position($1 in replace(CAST(answer AS text), '\": \"', '\":\"'))",
        sea_orm::DbBackend::Sqlite | _ => "instr(answer, $1)",
    };
    let sql = format!(
        "SELECT user_id, key, {text} > 0 AS mentions FROM idempotency_keys WHERE (user_id, key) > ($2, $3)
         ORDER BY user_id, key LIMIT $4"
    );
    // The value of a member that names a person. An id has no character that JSON escapes.
    let mention = format!("_id\":\"{user}\"");
    let values = vec![mention.into(), after_user.as_str().into(), after_key.as_str().into(), i64::from(SLICE).into()];
    let mut last = None;
    for row in change.query(&sql, values).await? {
        let (of, key): (String, String) = (row.try_get("", "user_id")?, row.try_get("", "key")?);
        if row.try_get::<bool>("", "mentions")? {
            let delete = "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 RETURNING user_id, bytes";
            let deleted = change.query(delete, vec![of.as_str().into(), key.as_str().into()]).await?;
            for (other, bytes) in freed(&deleted)? {
                add_usage(change, &other, -bytes).await?;
            }
        }
        last = Some((of, key));
    }
    Ok(last)
}

/// Updates the stored bytes of a user, and returns them.
async fn add_usage(change: &Change, user: &str, bytes: i64) -> Result<i64, DbErr> {
    let rows = change
        .query(
            "INSERT INTO kept_usage (user_id, bytes) VALUES ($1, $2)
             ON CONFLICT (user_id) DO UPDATE SET bytes = kept_usage.bytes + excluded.bytes RETURNING bytes",
            vec![user.into(), bytes.into()],
        )
        .await?;
    rows.first().map_or(Ok(0), |row| row.try_get("", "bytes"))
}

/// How many bytes deleted rows took, by user.
fn freed(rows: &[sea_orm::QueryResult]) -> Result<BTreeMap<String, i64>, DbErr> {
    let mut freed = BTreeMap::new();
    for row in rows {
        *freed.entry(row.try_get::<String>("", "user_id")?).or_default() += row.try_get::<i64>("", "bytes")?;
    }
    Ok(freed)
}

/// Removes expired responses until the shutdown begins.
pub async fn sweep(database: Database, clock: Clock, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        match remove_expired(&database, clock.now(), &shutdown).await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "removed expired idempotency keys"),
            Err(error) => warn!(%error, "cannot remove expired idempotency keys; retrying"),
        }
    }
}

/// In slices: a statement that removes all that has piled up would take longer than a statement may.
async fn remove_expired(database: &Database, now: Timestamp, shutdown: &Shutdown) -> Result<usize, DbErr> {
    let mut removed = 0;
    loop {
        let change = database.begin(Vec::new()).await?;
        let slice = change
            .query(
                "DELETE FROM idempotency_keys WHERE (user_id, key) IN (
                     SELECT user_id, key FROM idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2
                 ) RETURNING user_id, bytes",
                vec![(now.utc() - RETENTION).into(), i64::from(SLICE).into()],
            )
            .await?;
        // In the order of the users, so that two replicas do not wait for each other.
        for (user, bytes) in freed(&slice)? {
            if add_usage(&change, &user, -bytes).await? <= 0 {
                change.execute("DELETE FROM kept_usage WHERE user_id = $1", vec![user.into()]).await?;
            }
        }
        change.commit().await?;
        removed += slice.len();
        if slice.len() < usize::from(SLICE) || shutdown.has_begun() {
            return Ok(removed);
        }
    }
}

/// Creates the tables; a step of each service's first migration.
pub async fn create_tables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Entity)
                .col(schema::text(Column::UserId))
                .col(schema::text(Column::Key))
                .col(schema::text(Column::Fingerprint))
                .col(schema::json(Column::Answer))
                .col(schema::big_integer(Column::Bytes))
                .col(schema::timestamp_with_time_zone(Column::CreatedAt))
                .primary_key(Index::create().name("idempotency_keys_pk").col(Column::UserId).col(Column::Key))
                .to_owned(),
        )
        .await?;
    manager
        .create_index(Index::create().name("idempotency_keys_by_age").table(Entity).col(Column::CreatedAt).to_owned())
        .await?;
    manager
        .create_table(
            Table::create()
                .table(KeptUsage::Table)
                .col(schema::text(KeptUsage::UserId))
                .col(schema::big_integer(KeptUsage::Bytes))
                .primary_key(Index::create().name("kept_usage_pk").col(KeptUsage::UserId))
                .to_owned(),
        )
        .await
}

/// What the stored responses of each user take.
#[derive(DeriveIden)]
enum KeptUsage {
    Table,
    UserId,
    Bytes,
}

#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_keys")]
struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    key: String,
    fingerprint: String,
    answer: Json,
    bytes: i64,
    created_at: ChronoDateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

#[cfg(test)]
mod tests {
    use sea_orm::Statement;

    use super::*;
    use crate::DatabaseSettings;

    const QUOTA: u64 = 10_000;

    async fn database(folder: &tempfile::TempDir) -> Database {
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("keys.db").display());
        let wait = Duration::from_secs(20);
        let settings = DatabaseSettings { database_url: url.into(), database_connections: 1, database_wait: wait };
        let database = Database::connect(&settings, "test").await.unwrap();
        create_tables(&SchemaManager::new(database.writer())).await.unwrap();
        database
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_parts(minutes * 60, 0).unwrap()
    }

    async fn keep(database: &Database, user: &str, key: &str, answer: &str, now: Timestamp) -> Stored {
        let key = IdempotencyKey::parse(key).unwrap();
        let request = IdempotentRequest::new(Id::parse(user).unwrap(), key, "M", &String::new());
        let change = database.begin(Vec::new()).await.unwrap();
        let stored = store(&change, &request, answer.into(), now, QUOTA).await.unwrap();
        if stored == Stored::Ok {
            change.commit().await.unwrap();
        }
        stored
    }

    /// What each user's answers take: as counted, and as added up.
    async fn usage(database: &Database) -> [Vec<(String, i64)>; 2] {
        let of = async |sql: &str| {
            let statement = Statement::from_string(database.reader().get_database_backend(), sql);
            let rows = database.reader().query_all_raw(statement).await.unwrap();
            rows.iter()
                .map(|row| (row.try_get("", "user_id").unwrap(), row.try_get("", "bytes").unwrap()))
                .collect::<Vec<_>>()
        };
        [
            of("SELECT user_id, bytes FROM kept_usage ORDER BY user_id").await,
            of("SELECT user_id, SUM(bytes) AS bytes FROM idempotency_keys GROUP BY user_id ORDER BY user_id").await,
        ]
    }

    #[tokio::test]
    async fn expired_answers_are_removed_and_no_others() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder).await;
        for (number, minute) in [0, 1, 1, 30, 600, 1_441, 1_500].into_iter().enumerate() {
            let user = if number % 2 == 0 { "ann" } else { "bob" };
            keep(&database, user, &format!("k{number}"), "x", at(minute)).await;
        }
        let now = at(24 * 60 + 600);
        assert_eq!(remove_expired(&database, now, &Shutdown::new()).await.unwrap(), 5);
        assert_eq!(remove_expired(&database, now, &Shutdown::new()).await.unwrap(), 0);
        assert_eq!(Entity::find().count(database.reader()).await.unwrap(), 2);
        let [counted, added_up] = usage(&database).await;
        assert_eq!(counted, added_up);
    }

    #[tokio::test]
    async fn stored_responses_of_one_user_are_bounded_in_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let database = database(&folder).await;
        let answer = "x".repeat(4_000);
        for (key, stored) in [("a", Stored::Ok), ("b", Stored::Ok), ("c", Stored::QuotaExceeded)] {
            assert_eq!(keep(&database, "ann", key, &answer, at(0)).await, stored, "{key}");
        }
        assert_eq!(keep(&database, "bob", "a", &answer, at(0)).await, Stored::Ok, "others have a quota of their own");
        // What has expired makes room without waiting for the sweep, the same key included.
        assert_eq!(keep(&database, "ann", "a", &answer, at(24 * 60)).await, Stored::Ok);
        assert_eq!(keep(&database, "ann", "c", &answer, at(24 * 60)).await, Stored::Ok);
        let [counted, added_up] = usage(&database).await;
        assert_eq!(counted, added_up);
    }
}
