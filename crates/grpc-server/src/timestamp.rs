//! Moments on the wire.

use prost_types::Timestamp as ProtoTimestamp;
use types::{FieldErrors, Timestamp};

/// Parses a protobuf timestamp; one outside the calendar is an error of `field`.
pub fn read_timestamp(timestamp: Option<ProtoTimestamp>, field: &str, errors: &mut FieldErrors) -> Option<Timestamp> {
    let ProtoTimestamp { seconds, nanos } = timestamp?;
    Timestamp::from_parts(seconds, nanos).map_err(|error| errors.add(field, error.to_string())).ok()
}

/// Encodes a timestamp.
pub fn timestamp(timestamp: Timestamp) -> ProtoTimestamp {
    let timestamp = timestamp.utc();
    // The timestamp is in microseconds: its nanoseconds are below one second.
    ProtoTimestamp { seconds: timestamp.timestamp(), nanos: timestamp.timestamp_subsec_nanos().try_into().unwrap_or(0) }
}
