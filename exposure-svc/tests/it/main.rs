//! The service as its callers meet it: over gRPC, over both databases.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod formula;
mod test_server;
mod world;

mod app_access;
mod connected_apps;
mod consistency;
mod decision_cases;
mod decision_properties;
mod default_profile;
mod dry_run;
mod durability;
mod erasure;
mod erasure_confirmation;
mod event_quota;
mod events;
mod export;
mod exposure;
mod exposure_explained;
mod filter_nodes;
mod history;
mod however_asked;
mod idempotency;
mod large_content;
mod lifecycle;
mod preview_change;
mod races;
mod redact_pii;
mod redact_pii_families;
mod statements;
mod stop_apps;
mod suggestions;
mod tag_names;
mod tag_references;
mod tag_writes;
mod upkeep;
mod uses;
mod validation;
mod warnings;
mod widened;
mod widened_properties;
mod yaml;
