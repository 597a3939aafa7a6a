//! Answers kept under a client's key, so that a repeat of a request changes nothing and is answered the same.
//!
//! The answer is written in the transaction of the change that it answers: either both are there or neither is, after a
//! crash and on every replica.

use std::time::Duration;

use prost::Message;
use sea_orm::{DbErr, QueryOrder, QuerySelect, Set, entity::prelude::*, sea_query::Index};
use sea_orm_migration::{prelude::*, schema};
use tracing::{info, warn};
use vocabulary::{Id, IdempotencyKey, Instant, User};

use crate::{
    clock::Clock,
    database::{Change, Database, Lock},
    digest::{hex, sha256},
    shutdown::Shutdown,
};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// How often answers past that are removed.
const SWEEP_EVERY: Duration = Duration::from_mins(10);
/// How much of the past is removed at once.
const SLICE: Duration = Duration::from_mins(1);

/// A key as one user sent it with one request.
#[derive(Clone, Debug)]
pub struct IdempotentRequest {
    user: Id<User>,
    key: IdempotencyKey,
    fingerprint: String,
}

impl IdempotentRequest {
    /// `method` and `message` are what tells one request from another under the same key.
    pub fn new(user: Id<User>, key: IdempotencyKey, method: &str, message: &impl Message) -> Self {
        let fingerprint = sha256(&[method.as_bytes(), &[0], &message.encode_to_vec()]);
        Self { user, key, fingerprint: hex(&fingerprint) }
    }

    /// What must be held while the answer is looked up and written: a second request waits for the first one's answer.
    pub fn lock(&self) -> Lock {
        Lock::new("idempotency", &format!("{}/{}", self.user, self.key.as_str()))
    }
}

/// What is known of a key.
#[derive(Debug)]
pub enum Recall {
    /// Nothing: go on, and [`remember`] the answer.
    Unknown,
    /// The same request was answered with this.
    Answered(serde_json::Value),
    /// The key came with another request.
    Reused,
}

/// Looks a key up, under its [lock](IdempotentRequest::lock).
pub async fn recall(change: &Change, request: &IdempotentRequest, now: Instant) -> Result<Recall, DbErr> {
    let found = Entity::find_by_id((request.user.to_string(), request.key.as_str().to_owned()))
        .one(change.connection())
        .await?;
    Ok(match found {
        None => Recall::Unknown,
        Some(row) if row.created_at <= now.utc() - KEPT => {
            row.delete(change.connection()).await?;
            Recall::Unknown
        }
        Some(row) if row.fingerprint == request.fingerprint => Recall::Answered(row.answer),
        Some(_) => Recall::Reused,
    })
}

/// Keeps the answer to a request, in the transaction of the change it answers.
pub async fn remember(
    change: &Change,
    request: &IdempotentRequest,
    answer: serde_json::Value,
    now: Instant,
) -> Result<(), DbErr> {
    let row = ActiveModel {
        user_id: Set(request.user.to_string()),
        key: Set(request.key.as_str().to_owned()),
        fingerprint: Set(request.fingerprint.clone()),
        answer: Set(answer),
        created_at: Set(now.utc()),
    };
    Entity::insert(row).exec_without_returning(change.connection()).await.map(drop)
}

/// Removes answers that are past their time, until the shutdown begins.
pub async fn sweep(database: Database, clock: Clock, shutdown: Shutdown) {
    loop {
        tokio::select! {
            () = shutdown.begun() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        match remove_before(&database, clock.now(), &shutdown).await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "removed idempotency keys past their time"),
            Err(error) => warn!(%error, "cannot remove idempotency keys past their time; trying again later"),
        }
    }
}

/// In slices of time: what has heaped up would take longer in one than a statement may, and would never be removed.
async fn remove_before(database: &Database, now: Instant, shutdown: &Shutdown) -> Result<u64, DbErr> {
    let end = now.utc() - KEPT;
    let mut removed = 0;
    loop {
        let oldest = Entity::find().order_by_asc(Column::CreatedAt).select_only().column(Column::CreatedAt);
        let oldest = oldest.into_tuple::<ChronoDateTimeUtc>().one(database.reader()).await?;
        let Some(oldest) = oldest.filter(|oldest| *oldest <= end && !shutdown.has_begun()) else { return Ok(removed) };
        let change = database.begin().await?;
        let slice = Entity::delete_many().filter(Column::CreatedAt.lte(std::cmp::min(end, oldest + SLICE)));
        let in_slice = slice.exec(change.connection()).await?.rows_affected;
        change.commit().await?;
        if in_slice == 0 {
            // Another replica was quicker; the next time looks again.
            return Ok(removed);
        }
        removed += in_slice;
    }
}

/// Creates the table; a step of each service's first migration.
pub async fn create_table(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    manager
        .create_table(
            Table::create()
                .table(Entity)
                .col(schema::text(Column::UserId))
                .col(schema::text(Column::Key))
                .col(schema::text(Column::Fingerprint))
                .col(schema::json(Column::Answer))
                .col(schema::timestamp_with_time_zone(Column::CreatedAt))
                .primary_key(Index::create().name("idempotency_keys_pk").col(Column::UserId).col(Column::Key))
                .to_owned(),
        )
        .await?;
    manager
        .create_index(Index::create().name("idempotency_keys_by_age").table(Entity).col(Column::CreatedAt).to_owned())
        .await
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
    created_at: ChronoDateTimeUtc,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::DatabaseSettings;

    #[tokio::test]
    async fn what_is_past_its_time_is_removed_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("keys.db").display());
        let wait = Duration::from_secs(20);
        let settings = DatabaseSettings { database_url: url.into(), database_connections: 1, database_wait: wait };
        let database = Database::connect(&settings, "test").await.unwrap();
        create_table(&SchemaManager::new(database.writer())).await.unwrap();
        let at = |minutes: i64| Instant::from_parts(minutes * 60, 0).unwrap();
        // Over more slices than one, with none between some of them.
        for minute in [0, 1, 1, 30, 600, 1_441, 1_500] {
            let key = IdempotencyKey::parse(&Uuid::new_v4().to_string()).unwrap();
            let request = IdempotentRequest::new(Id::parse("ann").unwrap(), key, "M", &String::new());
            let change = database.begin().await.unwrap();
            remember(&change, &request, serde_json::Value::Null, at(minute)).await.unwrap();
            change.commit().await.unwrap();
        }
        let now = at(24 * 60 + 600);
        assert_eq!(remove_before(&database, now, &Shutdown::new()).await.unwrap(), 5);
        assert_eq!(remove_before(&database, now, &Shutdown::new()).await.unwrap(), 0);
        assert_eq!(Entity::find().count(database.reader()).await.unwrap(), 2);
    }
}
