//! `CreateProfile`: makes a profile.

use service_kit::idempotency::IdempotentRequest;
use uuid::Uuid;
use vocabulary::Instant;

use super::Exposure;
use crate::{
    domain::{Edited, Profile, ProfileEdits, ProfileId, Rules, ShownProfile, UserId},
    error::Error,
    storage::KeptProfile,
};

/// What `CreateProfile` or `CreateProfileFromTemplate` did.
#[derive(Clone, Debug)]
pub enum CreateProfile {
    /// It made this profile.
    Created(ShownProfile),
    /// The profile was there already.
    Found(ShownProfile),
    /// The same request was answered with this before.
    Replayed(KeptProfile),
    /// It was asked to check the fields only, and they are right.
    Checked,
}

impl Exposure {
    /// Makes the profile that `owner` asks for, at most once for a `request` that may be repeated.
    pub async fn create_profile(
        &self,
        owner: UserId,
        edits: ProfileEdits,
        validate_only: bool,
        request: Option<IdempotentRequest>,
    ) -> Result<CreateProfile, Error> {
        edits.clone().create().map_err(Error::Invalid)?;
        if validate_only {
            return Ok(CreateProfile::Checked);
        }
        let now = self.clock.now();
        let change = self.store.begin(&owner, request.as_ref()).await?;
        if let Some(request) = &request
            && let Some(kept) = change.lookup(request, now).await?
        {
            return Ok(CreateProfile::Replayed(kept));
        }
        change.lock_user(&owner).await?;
        let tags = change.tags_of(&owner, &edits.tags()).await?;
        let edited = edits.with_ids(&Rules::default(), &tags).create().map_err(Error::Invalid)?;
        let profile = new_profile(owner, edited, now);
        change.insert(&profile).await?;
        change.kept_by(&profile.owner).await?.admit().map_err(Error::Invalid)?;
        let kept = KeptProfile { shown: ShownProfile::by_names(profile, &tags), created: true };
        change.commit(request.as_ref().map(|request| (request, &kept, now))).await?;
        Ok(CreateProfile::Created(kept.shown))
    }
}

pub(super) fn new_profile(owner: UserId, edited: Edited, now: Instant) -> Profile {
    let Edited { name, description, rules, is_active, is_default } = edited;
    Profile {
        id: ProfileId(Uuid::now_v7()),
        owner,
        name,
        description,
        rules,
        is_active,
        is_default: is_default.unwrap_or(false),
        created_at: now,
        updated_at: now,
        version: 1,
    }
}
