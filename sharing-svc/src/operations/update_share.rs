//! `UpdateShare`: changes what a share grants.

use vocabulary::ExpectedVersions;

use super::{Answer, Sharing, share_named};
use crate::{
    domain::{Between, Party, Share, ShareChanges, Status, UserId},
    error::Error,
};

/// What an update asks for.
#[derive(Clone, Debug, Default)]
pub struct UpdateShare {
    /// The new values.
    pub changes: ShareChanges,
    /// The versions at which to go on.
    pub expected: ExpectedVersions,
    /// Check the fields and change nothing.
    pub validate_only: bool,
}

impl Sharing {
    /// Changes the share named `id` for `user`, who must own it or have passed it on.
    pub async fn update_share(&self, user: UserId, id: String, update: UpdateShare) -> Result<Answer, Error> {
        let id = share_named(&id)?;
        let seen = self.store.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        let change = self.store.begin().await?;
        change.lock_owner(&seen.owner).await?;
        // Only now does it stand still; read before, it is known by its owner alone.
        let share = change.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        may_change(&user, &share)?;
        if !update.expected.admit(share.version) {
            return Err(Error::PreconditionFailed);
        }
        if share.revoked_at.is_some() {
            return Err(Error::ShareRevoked);
        }
        let now = self.clock.now();
        let chain = change.chain_of(share.clone()).await?;
        let parent = chain.get(1);
        let terms = update.changes.apply(&share, parent.map(|parent| &parent.terms), now).map_err(Error::Invalid)?;
        if update.validate_only || terms == share.terms {
            return Ok(Answer { share, as_of: now });
        }
        let mut changed = share.with_terms(terms, None, now);
        changed.effective_until = changed.until_under(parent.and_then(|parent| parent.effective_until));
        // What has ended, and stays so, takes nobody's place.
        if changed.status(now) == Status::Active
            && let Some(existing) = change.equal_active_share(&changed, now).await?
        {
            return Err(Error::SharingExists(existing));
        }
        change.update(&share, &changed).await?;
        // What takes something away is never refused for what stands beside it.
        let comes_back = changed.status(now) == Status::Active && share.status(now) != Status::Active;
        if changed.terms.scope != share.terms.scope || comes_back {
            let before = (!comes_back).then_some(&share);
            for (between, crowding) in [
                (Between::ItsPeople, change.crowding(&changed, now).await?),
                (Between::ItsOwnerAndOneBelow, change.crowding_below(&changed, now).await?),
            ] {
                crowding.admit(between, &changed, before).map_err(Error::Invalid)?;
            }
        }
        change.commit(None).await?;
        Ok(Answer { share: changed, as_of: now })
    }
}

pub(super) fn may_change(user: &UserId, share: &Share) -> Result<(), Error> {
    match Party::of(user, share) {
        Some(party) if party.may_change() => Ok(()),
        Some(_) => Err(Error::Forbidden),
        None => Err(Error::ShareNotFound),
    }
}
