//! The service as its callers meet it: over gRPC, over both databases.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod statements;
mod test_server;
mod world;

mod access;
mod access_explained;
mod advisor;
mod blocks;
mod conflicts;
mod consistency;
mod cpu_work;
mod crashes;
mod decision_cases;
mod decision_properties;
mod decisions;
mod dry_run;
mod durability;
mod effective;
mod erasure;
mod event_quota;
mod events;
mod expiries;
mod expiry;
mod follows;
mod history;
mod idempotency;
mod import_export;
mod large_tree;
mod lifecycle;
mod lists;
mod model;
mod operations_beside;
mod quotas;
mod races;
mod replicas;
mod resharing;
mod restore;
mod stops;
mod suggestions;
mod upkeep;
mod uses;
mod validation;
mod versions;
mod watch;
