//! Suggestions: what a person should look at in an app's grant.

use types::{SuggestionKind, Timestamp, UNUSED_DAYS, UsesAreCounted};

use super::{AppAccess, AppId, Profile, WarningCode};

/// The suggestion, for a person to read.
pub fn suggestion_text(kind: SuggestionKind, app: &AppId) -> String {
    match kind {
        SuggestionKind::Unused => {
            format!("the app `{app}` has not asked for {UNUSED_DAYS} days; you can disconnect it")
        }
        SuggestionKind::NeverExpires => format!("the access of the app `{app}` never ends; you can give it an end"),
        SuggestionKind::ExposesEverything => {
            format!("the app `{app}` sees everything; you can disconnect it, or bind it to a narrower profile")
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
    let is_unused = counted.is_unused(access.granted_at, last_asked_at, now);
    let exposes_everything = profile.is_active
        && profile.formula_warnings.iter().any(|warning| warning.code == WarningCode::ExposesEverything);
    let found = [
        (SuggestionKind::Unused, is_unused),
        (SuggestionKind::NeverExpires, access.expires_at.is_none()),
        (SuggestionKind::ExposesEverything, exposes_everything),
    ];
    found.into_iter().filter(|(_, applies)| *applies).map(|(kind, _)| kind).collect()
}
