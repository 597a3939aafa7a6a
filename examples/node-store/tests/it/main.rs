//! What the store lists by the two filters is what the checks allow: over both services by gRPC, with the nodes in real SQLite
//! and real PostgreSQL.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

#[allow(dead_code, reason = "shared with the tests of the service")]
#[path = "../../../../exposure-svc/tests/it/world.rs"]
mod exposure_world;
#[allow(dead_code, reason = "shared with the tests of the service")]
#[path = "../../../../sharing-svc/tests/it/world.rs"]
mod sharing_world;

mod filters;
mod program;
