//! Moments on the wire.

use prost_types::Timestamp;
use types::{FieldErrors, Instant};

/// Takes a moment from the wire; one that no calendar can write is an error of `field`.
pub fn read_timestamp(moment: Option<Timestamp>, field: &str, errors: &mut FieldErrors) -> Option<Instant> {
    let Timestamp { seconds, nanos } = moment?;
    Instant::from_parts(seconds, nanos).map_err(|error| errors.add(field, error.to_string())).ok()
}

/// Writes a moment for the wire.
pub fn timestamp(moment: Instant) -> Timestamp {
    let moment = moment.utc();
    // A moment to the microsecond: its nanoseconds are below a second's.
    Timestamp { seconds: moment.timestamp(), nanos: moment.timestamp_subsec_nanos().try_into().unwrap_or(0) }
}
