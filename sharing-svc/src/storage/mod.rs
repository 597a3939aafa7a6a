//! Shares in a database. The only place that names SeaORM; what leaves it are domain values.

mod change;
mod crowding;
mod entity;
pub mod migrations;
mod read;
mod row;

pub use change::ShareChange;
pub use read::{REMEMBERED_ENDS, ShareFilter};

use anyhow::anyhow;
use sea_orm::DbErr;
use service_kit::database::{Database, DatabaseFault};

use crate::error::Error;

/// The schema that the service keeps to on PostgreSQL.
pub const SCHEMA: &str = "sharing";

/// Where shares are kept.
#[derive(Clone)]
pub struct Store {
    database: Database,
}

impl Store {
    /// Over a database whose migrations have been applied.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

/// What a driver's error means for the operation that met it.
fn failed(error: DbErr) -> Error {
    match DatabaseFault::of(&error) {
        DatabaseFault::Unavailable | DatabaseFault::Contended => Error::Unavailable(anyhow!(error)),
        DatabaseFault::Duplicate | DatabaseFault::Internal => Error::Internal(anyhow!(error)),
    }
}
