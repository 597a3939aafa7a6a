//! A service's database: SQLite or PostgreSQL, readers and writers, one transaction per change.

mod change;
mod change_queue;
mod connect;
mod dialect;
mod fault;
mod migrate;
mod newest_time;
mod observe;
mod page;
mod placeholders;
mod postgres_server;
mod reader;
mod settings;
mod version_row;
mod write_health;

pub use change::{Change, Lock};
pub use change_queue::{ChangePermit, ChangeQueue, Priority, QueueTimeout};
pub use connect::Database;
pub use dialect::Dialect;
pub use fault::DatabaseFault;
pub use newest_time::{ClockSync, create_newest_time};
pub use page::page;
pub use placeholders::placeholders;
pub use reader::Reader;
pub use settings::DatabaseSettings;
pub use version_row::VersionTable;
