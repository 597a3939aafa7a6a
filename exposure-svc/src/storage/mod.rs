//! Profiles, grants and tags in a database. The only place that names SeaORM; what leaves it are domain values.

mod app_access;
mod change;
mod entity;
pub mod migrations;
mod purge;
mod read;
mod row;
mod secret;
mod tags;

pub use app_access::GrantFilter;
pub use change::{KeptProfile, ProfileChange};
pub use purge::{GRANT_BYTES, PURGE_SLICE};
pub use read::{ProfileFilter, UserReads};

use anyhow::anyhow;
use persistence::{Database, DatabaseErrorKind};
/// A connection outside a change, or that of one.
pub use sea_orm::ConnectionTrait as Connection;
use sea_orm::DbErr;

use crate::error::Error;

/// The schema that the service keeps to on PostgreSQL.
pub const SCHEMA: &str = "exposure";

/// Where profiles, grants and tags are kept.
#[derive(Clone)]
pub struct Store {
    database: Database,
    /// Bytes that the answers under one user's idempotency keys take at most.
    kept_answer_bytes: u64,
}

impl Store {
    /// Over a database whose migrations have been applied.
    pub fn new(database: Database, kept_answer_bytes: u64) -> Self {
        Self { database, kept_answer_bytes }
    }
}

/// What a driver's error means for the operation that met it.
fn failed(error: DbErr) -> Error {
    match DatabaseErrorKind::of(&error) {
        DatabaseErrorKind::Unavailable | DatabaseErrorKind::Contended => Error::Unavailable(anyhow!(error)),
        DatabaseErrorKind::Unwritable => Error::Unwritable(anyhow!(error)),
        DatabaseErrorKind::Duplicate | DatabaseErrorKind::Internal => Error::Internal(anyhow!(error)),
    }
}
