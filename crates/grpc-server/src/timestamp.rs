//! Moments on the wire.

use prost_types::Timestamp as ProtoTimestamp;
use types::{FieldErrors, Timestamp};

/// Takes a moment from the wire; one that no calendar can write is an error of `field`.
pub fn read_timestamp(timestamp: Option<ProtoTimestamp>, field: &str, errors: &mut FieldErrors) -> Option<Timestamp> {
    let ProtoTimestamp { seconds, nanos } = timestamp?;
    Timestamp::from_parts(seconds, nanos).map_err(|error| errors.add(field, error.to_string())).ok()
}

/// Writes a moment for the wire.
pub fn timestamp(timestamp: Timestamp) -> ProtoTimestamp {
    let timestamp = timestamp.utc();
    // A moment to the microsecond: its nanoseconds are below a second's.
    ProtoTimestamp { seconds: timestamp.timestamp(), nanos: timestamp.timestamp_subsec_nanos().try_into().unwrap_or(0) }
}
