//! Storage of profiles, grants and tags. The only module that uses SeaORM; it returns domain values.

mod app_access;
mod change;
mod entity;
mod erasure;
mod events;
pub mod migrations;
mod purge;
mod read;
mod row;
mod secret;
mod tags;
mod uses;

pub use app_access::GrantFilter;
pub use change::{KeptProfile, ProfileChange, USERS};
pub use erasure::StoredRows;
pub use events::{document_of, is_of_grant, read_event};
pub use purge::{GRANT_BYTES, PURGE_SLICE};
pub use read::{ProfileFilter, UserReads};
pub use uses::AppUses;

use anyhow::anyhow;
use persistence::{Database, DatabaseErrorKind, StoredBytes, feed::FeedHub};
/// A connection outside a change, or that of one.
pub use sea_orm::ConnectionTrait as Connection;
use sea_orm::DbErr;

use crate::error::Error;

/// The PostgreSQL schema of the service.
pub const SCHEMA: &str = "exposure";

/// The storage of profiles, grants and tags.
#[derive(Clone)]
pub struct Store {
    database: Database,
    feed: FeedHub,
    /// Maximum bytes of what is stored for one user beside the rows.
    stored_bytes: StoredBytes,
}

impl Store {
    /// Uses a database whose migrations are applied.
    pub fn new(database: Database, feed: FeedHub, stored_bytes: StoredBytes) -> Self {
        Self { database, feed, stored_bytes }
    }

    /// The database, for what all services keep alike.
    pub fn database(&self) -> &Database {
        &self.database
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
