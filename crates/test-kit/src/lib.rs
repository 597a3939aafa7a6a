//! Test support: temporary databases, an HTTP client and child processes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot set up its stage has failed"
)]

mod backend;
pub mod frames;
mod http_client;
mod postgres;
mod postgres_cluster;
mod postgres_programs;
mod process;
pub mod statements;
pub mod stored;
mod wait;

pub use backend::{Backend, on_both, on_both_checking};
pub use http_client::{Answer, HttpClient};
pub use postgres::copy_database;
pub use postgres_cluster::PostgresCluster;
pub use process::{Process, program};
pub use wait::wait_until;
