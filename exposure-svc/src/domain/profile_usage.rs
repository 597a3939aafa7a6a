//! Quotas of one person's profiles. A page holds a hundred of them in memory.

use types::FieldErrors;

use super::Profile;

/// Profiles of one person at most.
const MAX_PROFILES: i64 = 1_000;
/// Maximum bytes of all rules as JSON.
const MAX_BYTES: i64 = 4 * 1024 * 1024;

/// The usage of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProfileUsage {
    /// Their profiles.
    pub profiles: i64,
    /// Bytes of the rules as JSON.
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

    /// Rejects the last addition, which is counted already, if it exceeds a quota.
    pub fn check_quota(self) -> Result<(), FieldErrors> {
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
