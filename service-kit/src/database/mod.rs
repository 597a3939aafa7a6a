//! A service's database: SQLite or PostgreSQL, readers and writers, one transaction per change.

mod change;
mod change_queue;
mod connect;
mod fault;
mod migrate;
mod newest_time;
mod observe;
mod page;
mod postgres_server;
mod reader;
mod settings;
mod write_health;

pub use change::{Change, Lock};
pub use change_queue::{ChangePermit, ChangeQueue, Priority, QueueTimeout};
pub use connect::Database;
pub use fault::DatabaseFault;
pub use newest_time::{ClockSync, create_newest_time};
pub use page::page;
pub use reader::Reader;
pub use settings::DatabaseSettings;
