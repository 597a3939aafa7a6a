//! A profile as its owner sees it.

use super::{Profile, TagDirectory, Warning, directory_warnings};

/// A profile as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownProfile {
    /// The profile, with tag names if requested.
    pub profile: Profile,
    /// Its warnings.
    pub warnings: Vec<Warning>,
}

impl ShownProfile {
    /// The profile with display names of its tags.
    pub fn by_names(profile: Profile, tags: &TagDirectory) -> Self {
        let warnings = Self::warnings(&profile, tags);
        let rules = profile.rules.shown(tags);
        Self { profile: Profile { rules, ..profile }, warnings }
    }

    /// The profile with its tags as they are stored.
    pub fn as_stored(profile: Profile, tags: &TagDirectory) -> Self {
        let warnings = Self::warnings(&profile, tags);
        let rules = profile.rules.as_texts();
        Self { profile: Profile { rules, ..profile }, warnings }
    }

    fn warnings(profile: &Profile, tags: &TagDirectory) -> Vec<Warning> {
        let mut warnings = profile.formula_warnings.clone();
        warnings.extend(directory_warnings(&profile.rules, tags));
        warnings
    }
}
