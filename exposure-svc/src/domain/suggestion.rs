//! Suggestions: what a person should look at in an app's grant.

use std::time::Duration;

use types::Timestamp;

use super::{AppAccess, AppId, Profile, WarningCode};

/// Days without a question after which a grant is suggested to be ended.
pub const UNUSED_DAYS: i64 = 90;

/// Days after which an end is proposed.
const PROPOSED_DAYS: u64 = 365;

/// Why a suggestion is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuggestionKind {
    /// The app did not ask for [`UNUSED_DAYS`].
    Unused,
    /// The grant never ends.
    NeverExpires,
    /// The profile exposes every node.
    ExposesEverything,
}

/// Whether questions of the last [`UNUSED_DAYS`] are known.
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

    /// The suggestion, for a person to read.
    pub fn text(self, app: &AppId) -> String {
        match self {
            Self::Unused => format!("the app `{app}` has not asked for {UNUSED_DAYS} days; you can disconnect it"),
            Self::NeverExpires => format!("the access of the app `{app}` never ends; you can give it an end"),
            Self::ExposesEverything => {
                format!("the app `{app}` sees everything; you can disconnect it, or bind it to a narrower profile")
            }
        }
    }
}

/// What a person should look at in a grant and its profile. `last_asked_at`: when the app last asked, if that is known.
pub fn suggestions(
    access: &AppAccess,
    profile: &Profile,
    last_asked_at: Option<Timestamp>,
    counted: UsesAreCounted,
    now: Timestamp,
) -> Vec<SuggestionKind> {
    let is_old = |time: Timestamp| (now.utc() - time.utc()).num_days() >= UNUSED_DAYS;
    let is_unused = counted == UsesAreCounted::Yes && is_old(access.granted_at) && last_asked_at.is_none_or(is_old);
    let exposes_everything = profile.is_active
        && profile.formula_warnings.iter().any(|warning| warning.code == WarningCode::ExposesEverything);
    let found = [
        (SuggestionKind::Unused, is_unused),
        (SuggestionKind::NeverExpires, access.expires_at.is_none()),
        (SuggestionKind::ExposesEverything, exposes_everything),
    ];
    found.into_iter().filter(|(_, applies)| *applies).map(|(kind, _)| kind).collect()
}
