//! Servers as hostile, slow and many peers meet them, over real sockets.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod echo;

mod admin;
mod bounds;
mod draining;
mod hostile_connections;
