//! Database access over SQLite and PostgreSQL: connections, transactions, migrations, idempotency keys, change feed, retention.
//!
//! The only shared crate that names SeaORM.

mod batch;
mod change;
mod change_queue;
mod connect;
mod dialect;
pub mod erasure;
mod fault;
pub mod feed;
mod group_commit;
pub mod idempotency;
mod migrate;
mod newest_time;
mod observe;
mod page;
mod placeholders;
mod postgres_server;
mod reader;
pub mod retention;
mod settings;
pub mod usage_days;
mod version_row;
mod write_health;

pub use batch::Batch;
pub use change::{Change, Lock};
pub use change_queue::{ChangePermit, ChangeQueue, Isolation, Priority, QueueTimeout};
pub use connect::Database;
pub use dialect::Dialect;
pub use fault::DatabaseErrorKind;
pub use newest_time::{ClockSync, create_newest_time};
pub use page::page;
pub use placeholders::{and_none_of, placeholders};
pub use reader::Reader;
pub use retention::StoredBytes;
pub use settings::{DatabaseSettings, check_database_file};
pub use version_row::{VERSION, VersionTable};
