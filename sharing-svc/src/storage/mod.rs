//! Storage of shares. The only module that uses SeaORM; it returns domain values.

mod blocks;
mod chains;
mod change;
mod decisions;
mod entity;
mod erasure;
mod events;
mod follows;
mod insertion;
mod keys;
mod marks;
pub mod migrations;
mod purge;
mod read;
mod row;
mod stops;
mod stored_response;
mod usage;
mod uses;

pub use chains::Versioned;
pub use change::{OWNERS, ShareChange};
pub use decisions::{
    Blocked, ChainsOf, ENDED_SHARES_EXPLAINED, OwnerAndViewer, OwnerRange, ReadBudget, RecipientRange,
};
pub use erasure::{CreatedAt, ExportedShares};
pub use events::{key_of, read_event};
pub use insertion::{Inserted, Siblings};
pub use marks::{EndedRows, FIRST, MARK_SLICE, Sweep};
pub use purge::{EndedBytes, PURGE_SLICE};
pub use read::{ShareFilter, ShareList};
pub use usage::{PlannedUsage, UsageDifference};

use anyhow::anyhow;
use persistence::{Database, DatabaseErrorKind, QueueTimeout, StoredBytes, erasure::Erasure, feed::FeedHub};
use runtime::clock::Clock;
use sea_orm::DbErr;
use types::Timestamp;

use crate::{domain::UserId, error::Error};

/// The PostgreSQL schema of the service.
pub const SCHEMA: &str = "sharing";

/// The storage of shares.
#[derive(Clone)]
pub struct Store {
    database: Database,
    feed: FeedHub,
    /// Maximum bytes of what is stored for one user beside the rows.
    stored_bytes: StoredBytes,
}

impl Store {
    /// The database, for what all services keep alike.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The erasure of a person; `None`: none was requested, or it is done.
    pub async fn erasure_of(&self, user: &UserId) -> Result<Option<Erasure>, Error> {
        self.database.erasure_of(user.as_str()).await.map_err(failed)
    }

    /// Records the request to erase a person.
    pub async fn request_erasure(&self, user: &UserId, now: Timestamp) -> Result<Erasure, Error> {
        self.database.request_erasure(user.as_str(), now).await.map_err(failed)
    }

    /// The time by the clock of the database server.
    pub async fn server_time(&self, clock: &Clock) -> Result<Timestamp, Error> {
        self.database.server_time(clock).await.map_err(failed)
    }

    /// Uses a database whose migrations are applied.
    pub fn new(database: Database, feed: FeedHub, stored_bytes: StoredBytes) -> Self {
        Self { database, feed, stored_bytes }
    }
}

/// Maps a database error to an operation error.
fn failed(error: DbErr) -> Error {
    match DatabaseErrorKind::of(&error) {
        DatabaseErrorKind::Unavailable | DatabaseErrorKind::Contended => Error::Unavailable(anyhow!(error)),
        DatabaseErrorKind::Unwritable => Error::Unwritable(anyhow!(error)),
        DatabaseErrorKind::Duplicate | DatabaseErrorKind::Internal => Error::Internal(anyhow!(error)),
    }
}

/// A change that waited too long for others of the same owner.
fn timed_out(timeout: QueueTimeout) -> Error {
    Error::Unavailable(anyhow!(timeout))
}
