//! How much one person may keep. Pages of profiles hold a hundred of them, and are held in memory whole.

use types::FieldErrors;

use super::Profile;

/// Profiles of one person at most.
const MAX_PROFILES: i64 = 1_000;
/// Bytes that what they say of nodes may take as JSON in all.
const MAX_BYTES: i64 = 4 * 1024 * 1024;

/// What one person keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileUsage {
    /// Their profiles.
    pub profiles: i64,
    /// Bytes that what these say of nodes takes as JSON.
    pub bytes: i64,
}

impl ProfileUsage {
    /// The usage with `after` in place of `before`; `None`: `after` is a new profile.
    #[must_use]
    pub fn with(self, before: Option<&Profile>, after: &Profile) -> Self {
        let profiles = self.profiles + i64::from(before.is_none());
        let bytes = |profile: &Profile| i64::try_from(profile.rules.bytes()).unwrap_or(i64::MAX);
        Self { profiles, bytes: self.bytes - before.map_or(0, bytes) + bytes(after) }
    }

    /// Refuses what was added last, and is counted already, where it is too much.
    pub fn admit(self) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::new();
        if self.profiles > MAX_PROFILES {
            errors.add(
                "profile",
                format!("is one more than the {MAX_PROFILES} that one person may have; delete another"),
            );
        }
        if self.bytes > MAX_BYTES {
            let all = MAX_BYTES / (1024 * 1024);
            errors.add(
                "profile",
                format!("makes all profiles of its owner more than {all} MiB; make it smaller, or delete another"),
            );
        }
        errors.into_result(())
    }
}
