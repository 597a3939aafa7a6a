//! The whole plane as its users meet it: over REST.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod raw_call;
mod test_server;

mod access;
mod access_changes;
mod bad_input;
mod console;
mod contract;
mod described_limits;
mod disk;
mod exposure_profiles;
mod followed;
mod headers;
mod layers;
mod program;
mod published_examples;
mod races;
mod settings;
mod sharing;
mod trailers_only;
mod trust;
mod upstream;
mod validate_only;
mod who_may_do_what;
