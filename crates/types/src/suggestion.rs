//! What a person should look at in the access to their data.

use std::time::Duration;

use crate::Timestamp;

/// Days without use after which access is suggested to be ended.
pub const UNUSED_DAYS: i64 = 90;

/// Days after which an end is proposed.
const PROPOSED_DAYS: u64 = 365;

/// Why a suggestion is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    /// The access was not used for [`UNUSED_DAYS`].
    Unused,
    /// It never ends.
    NeverExpires,
    /// It covers every node.
    ExposesEverything,
}

/// Whether uses of the last [`UNUSED_DAYS`] are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UsesAreCounted {
    /// They are.
    Yes,
    /// They are not kept, or were not counted, for so long.
    No,
}

impl SuggestionKind {
    /// The end that is proposed at `now` for what never ends.
    pub fn proposed_end(self, now: Timestamp) -> Option<Timestamp> {
        let end = now.utc() + Duration::from_hours(24 * PROPOSED_DAYS);
        match self {
            Self::NeverExpires => Timestamp::new(end).ok(),
            Self::Unused | Self::ExposesEverything => None,
        }
    }
}

impl UsesAreCounted {
    /// Whether access that began at `since` counts as unused at `now`. `last_used_at`: the last known use.
    pub fn is_unused(self, since: Timestamp, last_used_at: Option<Timestamp>, now: Timestamp) -> bool {
        let is_old = |time: Timestamp| (now.utc() - time.utc()).num_days() >= UNUSED_DAYS;
        self == Self::Yes && is_old(since) && last_used_at.is_none_or(is_old)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(days: i64) -> Timestamp {
        Timestamp::from_parts(1_767_225_600 + days * 24 * 60 * 60, 0).unwrap()
    }

    #[test]
    fn access_is_unused_if_it_and_its_last_use_are_old() {
        let unused = |since, last: Option<i64>| UsesAreCounted::Yes.is_unused(day(since), last.map(day), day(100));
        assert!(unused(10, None) && unused(0, Some(10)));
        assert!(!unused(11, None) && !unused(0, Some(11)));
        assert!(!UsesAreCounted::No.is_unused(day(0), None, day(100)), "the uses are not known");
    }

    #[test]
    fn end_is_proposed_in_a_year() {
        assert_eq!(SuggestionKind::NeverExpires.proposed_end(day(0)), Some(day(365)));
        assert_eq!(SuggestionKind::Unused.proposed_end(day(0)), None);
        assert_eq!(SuggestionKind::ExposesEverything.proposed_end(day(0)), None);
    }
}
