//! `coarsen_dates`: a time becomes its day.

use std::sync::LazyLock;

use regex::Regex;
use types::Timestamp;

use super::{NodeView, members::each_string};

/// Seconds in a day of UTC.
const DAY: i64 = 86_400;

/// Removes the time of day: strings keep the date as written, the node's own timestamp becomes midnight UTC.
pub(super) fn coarsen_dates(view: &mut NodeView) {
    let seconds = view.created_at.utc().timestamp();
    // A day that begins within the calendar does so whenever the moment was within it.
    if let Ok(day) = Timestamp::from_parts(seconds - seconds.rem_euclid(DAY), 0) {
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

/// A day and a time of that day: in ISO 8601's extended form, in its basic one, half in each, or as EXIF, logs and people write it. Hours
/// alone, and digits in a row, are a time behind a `T` only.
const TIME: &str = r"(?x-u)
    (?P<day> [0-9]{4}-[0-9]{2}-[0-9]{2} | [0-9]{4}/[0-9]{2}/[0-9]{2} | [0-9]{4}:[0-9]{2}:[0-9]{2} | [0-9]{8} )
    (?: [Tt] (?: [0-9]{2}:[0-9]{2} (?: :[0-9]{2} )? | [0-9]{4} (?: [0-9]{2} )? | [0-9]{2} )
      | (?: ,?[\ \t]{1,2} | , | _ | \ at\ ) [0-9]{2}:[0-9]{2} (?: :[0-9]{2} )? )
    (?: [.,][0-9]+ )?
    (?: [Zz] | \ ?[+-][0-9]{2} (?: :?[0-9]{2} )? )?";

#[expect(clippy::expect_used, reason = "the pattern is a constant, and tests use it")]
static TIMES: LazyLock<Regex> = LazyLock::new(|| Regex::new(TIME).expect("a regular expression"));

/// The text with dates in place of timestamps; `None`: there are none.
fn coarse(text: &str) -> Option<String> {
    let mut kept = String::new();
    let mut from = 0;
    for found in TIMES.captures_iter(text) {
        let (Some(whole), Some(day)) = (found.get(0), found.name("day")) else { continue };
        let before = text.get(..whole.start()).unwrap_or_default();
        let after = text.get(whole.end()..).unwrap_or_default();
        // More digits than a day or a time has: it is something else.
        let goes_on = !whole.as_str().ends_with(['Z', 'z']) && after.starts_with(|next: char| next.is_ascii_digit());
        let is_hour = whole.len() == day.len() + 3;
        let is_of_a_word = is_hour && after.starts_with(char::is_alphanumeric);
        if before.ends_with(|last: char| last.is_ascii_digit()) || goes_on || is_of_a_word {
            continue;
        }
        kept.push_str(text.get(from..day.end()).unwrap_or_default());
        from = whole.end();
    }
    if from == 0 {
        return None;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_become_dates_and_nothing_else_changes() {
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
            ("2026-01-07T09:30:00+02", "2026-01-07"),
            ("2026-01-07T09:30:00 +0200", "2026-01-07"),
            ("2026-01-07T09Z", "2026-01-07"),
            ("2026-01-07T09", "2026-01-07"),
            ("2026-01-07, 09:30", "2026-01-07"),
            ("2026-01-07,09:30:00", "2026-01-07"),
            ("2026:01:07 09:30:00", "2026:01:07"),
            ("2026/01/07 09:30", "2026/01/07"),
            ("2026-01-07_09:30", "2026-01-07"),
            ("2026-01-07 at 09:30", "2026-01-07"),
            ("2026-01-07 09:30-11:00", "2026-01-07"),
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
