//! A service's database: SQLite or PostgreSQL, readers and writers, one transaction per change.

mod change;
mod connect;
mod fault;
mod migrate;
mod observe;
mod page;
mod settings;

pub use change::{Change, Lock};
pub use connect::Database;
pub use fault::DatabaseFault;
pub use page::page;
pub use settings::DatabaseSettings;
