//! `GrantFollowShare` and `RevokeFollowShare`: the share of a follow.

use persistence::Priority;
use service::consistency::Stamped;
use types::{FieldErrors, Origin, Timestamp};

use super::{
    Sharing,
    consistency::stamp,
    create_share::{NOT_RAISED, new_share},
};
use crate::{
    domain::{FollowDraft, FollowId, Share, ShareView, Source, UserId, access::Chain},
    error::Error,
};

impl Sharing {
    /// Creates the share of a follow, unless it has one. `true`: it was created now.
    ///
    /// A follow has one share until it ends. If its owner revoked the share, that share is returned and no other is created: the
    /// revocation holds until the follow has ended.
    pub async fn grant_follow_share(
        &self,
        draft: FollowDraft,
        origin: Origin,
    ) -> Result<Stamped<(ShareView, bool)>, Error> {
        let (follow, owner, asked) = draft.parse().map_err(Error::Invalid)?;
        self.refuse_erased([&owner, &asked.recipient])?;
        let priority = Priority::FairlyFor(asked.recipient.as_str());
        let change = self.store.begin(Some((&owner, priority)), None, origin).await?;
        change.lock_follow(&follow).await?;
        let now = self.clock.now();
        // Before the share: what is carried out meanwhile is read with it.
        let stops = change.stops(&owner).await?;
        if let Some(share) = change.shares_of_follow(&follow).await?.into_iter().find(has_live_follow) {
            if share.owner != owner || share.recipient != asked.recipient {
                let mut errors = FieldErrors::new();
                errors.add("follow_id", "names a follow between two other people");
                return Err(Error::Invalid(errors));
            }
            let mut share = share;
            stops.apply(&mut share);
            change.roll_back().await?;
            return self.newest((Chain::single(share.clone()).view(now), false), &share.owner, now).await;
        }
        let source = Source::Follow { follow, ended_at: None };
        let share = new_share(owner.clone(), owner, asked, source, NOT_RAISED, now);
        let (share, inserted) = change.raise_and_insert(share, now).await?;
        self.check_quotas(&change, &share, inserted.usage, now).await?;
        change.commit(None).await?;
        let stamp = Some(stamp(&share.owner, share.created_version, now));
        Ok(Stamped { value: (Chain::single(share).view(now), true), stamp })
    }

    /// Records that a follow ended, and revokes its share unless that was revoked; `None`: the follow never had a share.
    pub async fn revoke_follow_share(
        &self,
        follow: String,
        origin: Origin,
    ) -> Result<Stamped<Option<ShareView>>, Error> {
        let follow = FollowId::parse(follow).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("follow_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let found = self.shares_of_follow(&follow).await?;
        let mut owners: Vec<_> =
            found.iter().filter(|share| has_live_follow(share)).map(|share| &share.owner).collect();
        owners.sort_unstable();
        owners.dedup();
        // No transaction locks two owners: each has its own.
        for owner in owners {
            self.end_follow(&follow, owner, origin.clone()).await?;
        }
        let now = self.clock.now();
        let newest = self.shares_of_follow(&follow).await?.into_iter().next();
        let Some(share) = newest else { return Ok(Stamped { value: None, stamp: None }) };
        let owner = share.owner.clone();
        self.newest(Some(Chain::single(share).view(now)), &owner, now).await
    }

    /// A result with the newest version of `owner`, which is that of the last change or a later one.
    async fn newest<T>(&self, value: T, owner: &UserId, now: Timestamp) -> Result<Stamped<T>, Error> {
        let version = self.store.owner_version(owner.as_str()).await?;
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }

    /// The shares of a follow, when no change of it is in progress: also one that is being created now is found.
    async fn shares_of_follow(&self, follow: &FollowId) -> Result<Vec<Share>, Error> {
        let change = self.store.begin(None, None, Origin::system()).await?;
        change.lock_follow(follow).await?;
        let shares = change.shares_of_follow(follow).await?;
        change.roll_back().await?;
        Ok(shares)
    }

    async fn end_follow(&self, follow: &FollowId, owner: &UserId, origin: Origin) -> Result<(), Error> {
        let change = self.store.begin(Some((owner, Priority::First)), None, origin).await?;
        change.lock_follow(follow).await?;
        let now = self.clock.now();
        change.lock_owner(owner).await?;
        let live: Vec<_> =
            change.shares_of_follow_by(follow, owner).await?.into_iter().filter(has_live_follow).collect();
        if live.iter().any(|share| share.revoked_at.is_none()) {
            change.raise_owner(owner, now).await?;
        }
        for share in &live {
            change.end_follow(share, now).await?;
            if share.revoked_at.is_none() {
                change.revoke(share, now).await?;
            }
        }
        change.commit(None).await?;
        for share in &live {
            self.hints.ended(share);
        }
        Ok(())
    }
}

/// Whether the follow of this share has not ended.
fn has_live_follow(share: &Share) -> bool {
    matches!(share.source, Source::Follow { ended_at: None, .. })
}
