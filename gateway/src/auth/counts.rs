//! Metrics of tokens and of the keys that verify them.

use metrics::{counter, describe_counter, describe_gauge, gauge};
use types::Timestamp;

const TOKENS: &str = "token_verifications_total";
const FETCHES: &str = "jwks_fetches_total";
const FETCHED_AT: &str = "jwks_last_fetch_timestamp_seconds";
const KEYS: &str = "jwks_keys";

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verification {
    /// It was verified before and is cached.
    Remembered,
    /// Its signature was computed, and is good.
    Verified,
    /// It is not good.
    Refused,
}

/// Describes the metrics. Call it once, before the first measurement.
pub(super) fn describe() {
    describe_counter!(TOKENS, "Tokens by result; cached ones are not verified again");
    describe_counter!(FETCHES, "Fetches of the keys that verify tokens, by result");
    describe_gauge!(FETCHED_AT, "Time of the last fetch of the keys that verify tokens, in Unix seconds");
    describe_gauge!(KEYS, "Keys from JWT_JWKS_URL that verify tokens; 0: every token is rejected");
}

pub(super) fn token(came_of_it: Verification) {
    let outcome = match came_of_it {
        Verification::Remembered => "remembered",
        Verification::Verified => "verified",
        Verification::Refused => "refused",
    };
    counter!(TOKENS, "outcome" => outcome).increment(1);
}

/// Reports how many keys from a URL verify tokens now.
pub(super) fn keys_in_use(count: usize) {
    gauge!(KEYS).set(u32::try_from(count).unwrap_or(u32::MAX));
}

pub(super) fn keys_fetched(succeeded: bool, now: Timestamp) {
    counter!(FETCHES, "outcome" => if succeeded { "fetched" } else { "failed" }).increment(1);
    if succeeded {
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a float; the loss begins in thousands of years")]
        gauge!(FETCHED_AT).set(now.utc().timestamp() as f64);
    }
}
