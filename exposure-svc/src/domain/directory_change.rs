//! The effect of a change of the tag directory on profiles.

use super::{Profile, TagDirectory, formula_warnings};

/// A profile before and after the directory changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedProfile {
    /// Before.
    pub before: Profile,
    /// After; at the next version where it is shown otherwise.
    pub after: Profile,
}

/// Those of `profiles` that store other references once the directory was `before` and is `after`, or are shown otherwise. What is
/// shown otherwise has a new version: what was read before must not be written back as if it still meant the same.
pub fn changed_profiles(profiles: Vec<Profile>, before: &TagDirectory, after: &TagDirectory) -> Vec<ChangedProfile> {
    let changed = |profile: Profile| {
        let rules = profile.rules.learned(after);
        let is_shown_otherwise = profile.rules.shown(before) != rules.shown(after);
        if rules == profile.rules && !is_shown_otherwise {
            return None;
        }
        let formula_warnings =
            if rules == profile.rules { profile.formula_warnings.clone() } else { formula_warnings(&rules) };
        let version = profile.version + i64::from(is_shown_otherwise);
        let after = Profile { rules, formula_warnings, version, ..profile.clone() };
        Some(ChangedProfile { before: profile, after })
    };
    profiles.into_iter().filter_map(changed).collect()
}
