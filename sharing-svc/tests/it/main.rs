//! The service as its callers meet it: over gRPC, over both databases.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod stage;
mod world;

mod access;
mod access_explained;
mod conflicts;
mod crowding;
mod decision_cases;
mod decision_properties;
mod durability;
mod expiry;
mod follows;
mod idempotency;
mod lifecycle;
mod lists;
mod operations_beside;
mod races;
mod resharing;
mod validation;
