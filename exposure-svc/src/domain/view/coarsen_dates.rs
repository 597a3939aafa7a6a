//! `coarsen_dates`: a time becomes its day.

use vocabulary::Instant;

use super::{NodeView, members::each_string};

/// Seconds in a day of UTC.
const DAY: i64 = 86_400;

/// Takes the time of day out of every moment: in strings, the day that is written there; of the node's own, the day in UTC.
pub(super) fn coarsen_dates(view: &mut NodeView) {
    let seconds = view.created_at.utc().timestamp();
    // A day that begins within the calendar does so whenever the moment was within it.
    if let Ok(day) = Instant::from_parts(seconds - seconds.rem_euclid(DAY), 0) {
        view.created_at = day;
    }
    let mut cut = |text: &mut String| {
        if let Some(coarse) = coarse(text) {
            *text = coarse;
        }
    };
    view.tags.iter_mut().for_each(|(_, name)| cut(name));
    each_string(&mut view.fields, &mut cut);
}

/// The text with every moment in it (`2026-01-07T09:30:00Z`, `2026-01-07 09:30`) cut to its day; `None`: there is none.
fn coarse(text: &str) -> Option<String> {
    let mut kept = String::new();
    let mut from = 0;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match moment(bytes.get(at..).unwrap_or_default()) {
            Some((day, length)) if at == 0 || !bytes.get(at - 1).is_some_and(u8::is_ascii_digit) => {
                kept.push_str(text.get(from..at + day).unwrap_or_default());
                at += length;
                from = at;
            }
            _ => at += 1,
        }
    }
    if from == 0 {
        return None;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Some(kept)
}

/// How long the day is, and the whole moment, that these bytes begin with, if they do: in ISO 8601's extended form, in its basic one, or
/// half in each.
fn moment(bytes: &[u8]) -> Option<(usize, usize)> {
    let day = [&b"dddd-dd-dd"[..], b"dddddddd"].into_iter().find(|shape| is_shaped(bytes, shape))?.len();
    let mut at = day;
    let separator = *bytes.get(at)?;
    at += 1;
    let time = bytes.get(at..)?;
    let seconds: &[u8] = match separator {
        // Only in the extended form is what stands beside a day surely a time.
        b'T' | b't' | b' ' if is_shaped(time, b"dd:dd") => b":dd",
        b'T' | b't' if is_shaped(time, b"dddd") => b"dd",
        _ => return None,
    };
    at += if seconds.len() == 3 { 5 } else { 4 };
    if is_shaped(bytes.get(at..)?, seconds) {
        at += seconds.len();
        if matches!(bytes.get(at), Some(b'.' | b',')) {
            let digits = bytes.get(at + 1..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            at += if digits > 0 { digits + 1 } else { 0 };
        }
    }
    let zone = bytes.get(at..)?;
    let whole = match zone.first() {
        Some(b'Z' | b'z') => at + 1,
        Some(b'+' | b'-') if is_shaped(zone.get(1..)?, b"dd:dd") => at + 6,
        Some(b'+' | b'-') if is_shaped(zone.get(1..)?, b"dddd") => at + 5,
        // More digits than a time has: it is something else.
        Some(b'0'..=b'9') if seconds.len() == 2 => return None,
        _ => at,
    };
    Some((day, whole))
}

/// Whether the bytes begin with this shape; `d` stands for a digit.
fn is_shaped(bytes: &[u8], shape: &[u8]) -> bool {
    bytes.len() >= shape.len()
        && bytes
            .iter()
            .zip(shape)
            .all(|(byte, shape)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_become_their_day_and_nothing_else_changes() {
        let cases = [
            ("2026-01-07T09:30:00Z", "2026-01-07"),
            ("2026-01-07T09:30:00.123456+02:00", "2026-01-07"),
            ("2026-01-07t09:30z", "2026-01-07"),
            ("2026-01-07 09:30", "2026-01-07"),
            ("from 2026-01-07T09:30:00-0500, to 2026-01-08 10:00:00.", "from 2026-01-07, to 2026-01-08."),
            ("2026-01-07T09:30:00Z2026-01-07T09:30:00Z", "2026-01-072026-01-07"),
            ("20260107T093000Z", "20260107"),
            ("2026-01-07T0930, 20260107T0930+0200", "2026-01-07, 20260107"),
            ("9–5 on 2026-01-07T09:30:00Z ✓", "9–5 on 2026-01-07 ✓"),
        ];
        for (text, expected) in cases {
            assert_eq!(coarse(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "2026-01-07",
            "2026-01-07T",
            "2026-01-07 at nine",
            "12026-01-07T09:30",
            "09:30",
            "2026-1-7 09:30",
            "2026-01-07 0930",
            "20260107T09300",
        ] {
            assert_eq!(coarse(text), None, "{text}");
        }
    }
}
