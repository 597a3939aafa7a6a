//! `GrantFollowShare` and `RevokeFollowShare`: the share that comes and goes with a follow.

use vocabulary::FieldErrors;

use super::{Answer, Sharing, create_share::new_share};
use crate::{
    domain::{Between, FollowDraft, FollowId, Source},
    error::Error,
};

impl Sharing {
    /// Makes the share of a follow, unless it has one. `true`: it was made now.
    pub async fn grant_follow_share(&self, draft: FollowDraft) -> Result<(Answer, bool), Error> {
        let (follow, owner, asked) = draft.parse().map_err(Error::Invalid)?;
        let change = self.store.begin().await?;
        change.lock_follow(&follow).await?;
        let now = self.clock.now();
        if let Some(share) = change.share_of_follow(&follow).await?.filter(|share| share.revoked_at.is_none()) {
            if share.owner != owner || share.recipient != asked.recipient {
                let mut errors = FieldErrors::new();
                errors.add("follow_id", "names a follow between two other people");
                return Err(Error::Invalid(errors));
            }
            return Ok((Answer { share, as_of: now }, false));
        }
        change.lock_owner(&owner).await?;
        let share = new_share(owner.clone(), owner, asked, Source::Follow(follow), None, now);
        change.insert(&share).await?;
        change.crowding(&share, now).await?.admit(Between::ItsPeople, &share, None).map_err(Error::Invalid)?;
        change.commit(None).await?;
        Ok((Answer { share, as_of: now }, true))
    }

    /// Revokes the share of a follow; `None`: it never had one.
    pub async fn revoke_follow_share(&self, follow: String) -> Result<Option<Answer>, Error> {
        let follow = FollowId::parse(follow).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("follow_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let change = self.store.begin().await?;
        change.lock_follow(&follow).await?;
        let now = self.clock.now();
        let Some(found) = change.share_of_follow(&follow).await? else { return Ok(None) };
        change.lock_owner(&found.owner).await?;
        let share = change.share_of_follow(&follow).await?.unwrap_or(found);
        if share.revoked_at.is_some() {
            return Ok(Some(Answer { share, as_of: now }));
        }
        let revoked = change.revoke(&share, now).await?;
        change.commit(None).await?;
        Ok(Some(Answer { share: revoked, as_of: now }))
    }
}
