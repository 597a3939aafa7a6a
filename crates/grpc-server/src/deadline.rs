//! Deadline of a call, from `grpc-timeout`
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#requests>).

use std::time::Duration;

use http::HeaderMap;

/// The metadata key of the timeout.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// An invalid `grpc-timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoTimeout;

/// The timeout of the caller, if there is one.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<Duration>, NoTimeout> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(None) };
    parse(value.as_bytes()).map(Some).ok_or(NoTimeout)
}

/// One to eight digits, and a unit.
fn parse(value: &[u8]) -> Option<Duration> {
    let (unit, digits) = value.split_last()?;
    if !(1..=8).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    match unit {
        b'H' => Some(Duration::from_hours(number)),
        b'M' => Some(Duration::from_mins(number)),
        b'S' => Some(Duration::from_secs(number)),
        b'm' => Some(Duration::from_millis(number)),
        b'u' => Some(Duration::from_micros(number)),
        b'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grpc_timeout_is_parsed_as_specified() {
        for (text, nanos) in
            [("1n", 1), ("2u", 2_000), ("3m", 3_000_000), ("4S", 4_000_000_000), ("1M", 60_000_000_000)]
        {
            assert_eq!(parse(text.as_bytes()).unwrap().as_nanos(), nanos, "{text}");
        }
        assert_eq!(parse(b"99999999H").unwrap().as_secs(), 99_999_999 * 3_600);
        for bad in ["", "S", "5", "5s", "-1S", "1.5S", "123456789S", "+1S", "1 S", "\u{661}S"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
