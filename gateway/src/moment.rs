//! Moments as the REST contract writes them: RFC 3339, in UTC.

use chrono::{DateTime, SecondsFormat};
use prost_types::Timestamp;

/// A moment of the wire, written out.
pub(crate) fn written(moment: Timestamp) -> String {
    let nanos = u32::try_from(moment.nanos).unwrap_or(0);
    let moment = DateTime::from_timestamp(moment.seconds, nanos).unwrap_or(DateTime::UNIX_EPOCH);
    moment.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
