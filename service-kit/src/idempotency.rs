//! Answers kept under a client's key, so that a repeat of a request changes nothing and is answered the same.
//!
//! The answer is written in the transaction of the change that it answers: either both are there or neither is, after a
//! crash and on every replica.

use std::time::Duration;

use prost::Message;
use sea_orm::{DbErr, Set, entity::prelude::*, sea_query::Index};
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
        match remove_before(&database, clock.now()).await {
            Ok(0) => {}
            Ok(removed) => info!(removed, "removed idempotency keys past their time"),
            Err(error) => warn!(%error, "cannot remove idempotency keys past their time; trying again later"),
        }
    }
}

async fn remove_before(database: &Database, now: Instant) -> Result<u64, DbErr> {
    let change = database.begin().await?;
    let removed = Entity::delete_many()
        .filter(Column::CreatedAt.lte(now.utc() - KEPT))
        .exec(change.connection())
        .await?
        .rows_affected;
    change.commit().await?;
    Ok(removed)
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
