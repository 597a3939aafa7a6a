//! Authentication at the gateway. There are no services: an authenticated request gets 503.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]
#![allow(missing_docs, unreachable_pub, reason = "a test's name says what it shows")]

mod raw_http;
mod settings;
mod test_server;

mod description;
mod forged_tokens;
mod jwks_url;
mod keys;
mod tokens;
