//! `UpdateProfile`: changes what a profile says.

use vocabulary::{ExpectedVersions, Instant};

use super::{Exposure, profile_named};
use crate::{
    domain::{Edited, Profile, ProfileEdits, ShownProfile, UserId},
    error::Error,
    storage::ProfileChange,
};

/// What an update asks for.
#[derive(Clone, Debug, Default)]
pub struct UpdateProfile {
    /// The new values.
    pub edits: ProfileEdits,
    /// The versions at which to go on.
    pub expected: ExpectedVersions,
    /// Check the fields and change nothing.
    pub validate_only: bool,
}

impl Exposure {
    /// Changes the profile named `id` of `owner`.
    pub async fn update_profile(
        &self,
        owner: UserId,
        id: String,
        update: UpdateProfile,
    ) -> Result<ShownProfile, Error> {
        let id = profile_named(&id)?;
        let change = self.store.begin(&owner, None).await?;
        change.lock_user(&owner).await?;
        let profile = change.profile_of(&owner, id).await?.ok_or(Error::ProfileNotFound)?;
        if !update.expected.admit(profile.version) {
            return Err(Error::PreconditionFailed);
        }
        let now = self.clock.now();
        let mut references = update.edits.tags();
        references.extend(profile.rules.tags());
        let tags = change.tags_of(&owner, &references).await?;
        let edited = update.edits.with_ids(&profile.rules, &tags).update(&profile).map_err(Error::Invalid)?;
        if update.validate_only {
            return Ok(ShownProfile::by_names(profile, &tags));
        }
        if profile.is_default && edited.is_default == Some(false) {
            return Err(Error::ProfileIsDefault);
        }
        let Edited { name, description, rules, is_active, is_default } = edited;
        let edited = Profile {
            name,
            description,
            rules,
            is_active,
            is_default: profile.is_default || is_default == Some(true),
            ..profile.clone()
        };
        if edited == profile {
            return Ok(ShownProfile::by_names(profile, &tags));
        }
        if edited.is_default && !profile.is_default {
            end_default(&change, &owner, now).await?;
        }
        let edited = Profile { updated_at: now, version: profile.version + 1, ..edited };
        change.update(&profile, &edited).await?;
        // What makes less of it is never refused for what stands beside it.
        if edited.rules.bytes() > profile.rules.bytes() {
            change.kept_by(&owner).await?.admit().map_err(Error::Invalid)?;
        }
        change.commit(None).await?;
        Ok(ShownProfile::by_names(edited, &tags))
    }
}

/// Makes the profile that is the default no longer so; first, since there may never be two.
async fn end_default(change: &ProfileChange, owner: &UserId, now: Instant) -> Result<(), Error> {
    let Some(former) = change.default_profile_of(owner).await? else { return Ok(()) };
    let ended = Profile { is_default: false, updated_at: now, version: former.version + 1, ..former.clone() };
    change.update(&former, &ended).await
}
