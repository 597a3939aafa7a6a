//! Timestamps with the precision that all databases store.

use std::fmt;

use chrono::{DateTime, Datelike, SubsecRound, Utc};

/// A timestamp in UTC, in microseconds. SQLite stores nanoseconds and PostgreSQL microseconds; truncated to what both store,
/// a timestamp that is read equals the one that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(DateTime<Utc>);

/// The timestamp is outside the years 1 to 9999, which RFC 3339 and protobuf can express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InstantError;

/// 0001-01-01T00:00:00Z.
const FIRST_SECOND: i64 = -62_135_596_800;
/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

impl Timestamp {
    /// Truncates to microseconds.
    pub fn new(timestamp: DateTime<Utc>) -> Result<Self, InstantError> {
        if (1..=9999).contains(&timestamp.year()) { Ok(Self(timestamp.trunc_subsecs(6))) } else { Err(InstantError) }
    }

    /// From seconds since the Unix epoch and nanoseconds within the second, as protobuf's `Timestamp` has them.
    pub fn from_parts(seconds: i64, nanos: i32) -> Result<Self, InstantError> {
        let nanos = u32::try_from(nanos).map_err(|_| InstantError)?;
        if nanos >= 1_000_000_000 || !(FIRST_SECOND..=LAST_SECOND).contains(&seconds) {
            return Err(InstantError);
        }
        DateTime::from_timestamp(seconds, nanos / 1_000 * 1_000).map(Self).ok_or(InstantError)
    }

    /// From microseconds since the Unix epoch.
    pub fn from_micros(micros: i64) -> Result<Self, InstantError> {
        DateTime::from_timestamp_micros(micros).ok_or(InstantError).and_then(Self::new)
    }

    /// The timestamp.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true))
    }
}

impl fmt::Display for InstantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be in the years 1 to 9999")
    }
}

impl std::error::Error for InstantError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nanoseconds_are_truncated() {
        let instant = Timestamp::from_parts(1_767_225_599, 999_999_999).unwrap();
        assert_eq!(instant.to_string(), "2025-12-31T23:59:59.999999Z");
    }

    #[test]
    fn timestamps_outside_the_calendar_are_rejected() {
        for (seconds, nanos) in
            [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, 1_000_000_000), (LAST_SECOND + 1, 0), (FIRST_SECOND - 1, 0)]
        {
            assert_eq!(Timestamp::from_parts(seconds, nanos), Err(InstantError), "{seconds} {nanos}");
        }
        for (seconds, text) in [(FIRST_SECOND, "0001-01-01T00:00:00Z"), (LAST_SECOND, "9999-12-31T23:59:59Z")] {
            assert_eq!(Timestamp::from_parts(seconds, 0).map(|at| at.to_string()), Ok(text.to_owned()));
        }
    }
}
