//! Timestamps as the REST contract has them: RFC 3339, written in UTC and accepted with any offset.

use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};
use prost_types::Timestamp;
use serde::{Deserialize, Deserializer, de::Error as _};

/// chrono counts a leap second as nanoseconds from here on within the second before it.
const LEAP_SECOND_NANOS: u32 = 1_000_000_000;

/// A timestamp of a request body.
#[derive(Debug, PartialEq)]
pub(crate) struct Rfc3339(Timestamp);

impl<'de> Deserialize<'de> for Rfc3339 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let must = "must be a date and time with its zone, as in 2026-12-31T00:00:00Z";
        parse(&String::deserialize(deserializer)?).map(Self).ok_or_else(|| D::Error::custom(must))
    }
}

impl From<Rfc3339> for Timestamp {
    fn from(Rfc3339(timestamp): Rfc3339) -> Self {
        timestamp
    }
}

/// Parses a timestamp. chrono is more lenient than RFC 3339: it accepts U+2212 as a sign, and a second 60 in every minute.
pub(crate) fn parse(text: &str) -> Option<Timestamp> {
    let timestamp = text.is_ascii().then(|| DateTime::parse_from_rfc3339(text).ok())??;
    let nanos = timestamp.timestamp_subsec_nanos();
    if nanos >= LEAP_SECOND_NANOS && !ends_with_leap_second(timestamp.to_utc()) {
        return None;
    }
    // A leap second becomes the end of the second before it: a protobuf timestamp has no second 60.
    let nanos = i32::try_from(nanos.min(LEAP_SECOND_NANOS - 1)).ok()?;
    Some(Timestamp { seconds: timestamp.timestamp(), nanos })
}

/// Whether a leap second may end the minute: the last of June and of December, in UTC (RFC 3339, 5.7).
fn ends_with_leap_second(timestamp: DateTime<Utc>) -> bool {
    matches!(
        (timestamp.month(), timestamp.day(), timestamp.hour(), timestamp.minute()),
        (6, 30, 23, 59) | (12, 31, 23, 59)
    )
}

/// Formats a protobuf timestamp.
pub(crate) fn written(timestamp: Timestamp) -> String {
    let nanos = u32::try_from(timestamp.nanos).unwrap_or(0);
    let timestamp = DateTime::from_timestamp(timestamp.seconds, nanos).unwrap_or(DateTime::UNIX_EPOCH);
    timestamp.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_60_is_a_leap_second_or_invalid() {
        for leap in [
            "2016-12-31T23:59:60Z",
            "2015-06-30T23:59:60.5Z",
            "2016-12-31T18:59:60-05:00",
            "2017-01-01T08:59:60+09:00",
            // Whether there will be one is announced half a year before.
            "2030-06-30T23:59:60Z",
        ] {
            let parsed = parse(leap).unwrap();
            let before = parse(&leap.replace(":60", ":59").replace(".5", "")).unwrap();
            assert_eq!((parsed.seconds, parsed.nanos), (before.seconds, 999_999_999), "{leap}");
        }
        for invalid in [
            "2026-11-26T12:00:60Z",
            "2026-12-31T22:59:60Z",
            "2026-12-31T23:58:60Z",
            "2026-12-31T23:59:60+01:00",
            "2026-12-30T23:59:60Z",
            "2026-09-30T23:59:60Z",
            "2026-12-31T23:59:61Z",
        ] {
            assert_eq!(parse(invalid), None, "{invalid}");
        }
    }

    #[test]
    fn only_ascii_is_rfc_3339() {
        for valid in ["2026-12-31T00:00:00-01:00", "2026-12-31T00:00:00-00:00", "2026-12-31t00:00:00z"] {
            assert!(parse(valid).is_some(), "{valid}");
        }
        for invalid in [
            "2026-12-31T00:00:00\u{2212}01:00",
            "\u{2212}2026-12-31T00:00:00Z",
            "2026\u{2212}12\u{2212}31T00:00:00Z",
            "2026-12-31T00:00:00\u{ff0b}01:00",
            "\u{0662}026-12-31T00:00:00Z",
            "2026-12-31T00:00:00Z ",
            "2026-12-31T00:00:00+24:00",
            "2026-12-31T00:00:00+0100",
            "2026-12-31T24:00:00Z",
            "2026-02-29T00:00:00Z",
        ] {
            assert_eq!(parse(invalid), None, "{invalid}");
        }
    }
}
