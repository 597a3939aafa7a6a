//! Connections, transactions and shutdown over real databases.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod batches;
mod connections;
mod feed;
mod feed_readers;
mod unended_changes;
