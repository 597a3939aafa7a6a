//! `UpdateShare`.

use persistence::Priority;
use service::consistency::Stamped;
use types::{ExpectedVersions, Origin, Timestamp, WriteMode};

use super::{Sharing, consistency::stamp, create_share::check_duplicate, share_named};
use crate::{
    domain::{ShareChanges, ShareRole, ShareView, Status, Terms, UserId, access::Chain},
    error::Error,
};

/// The requested update.
#[derive(Clone, Debug, Default)]
pub struct UpdateShare {
    /// The new values.
    pub changes: ShareChanges,
    /// The versions at which to go on.
    pub expected: ExpectedVersions,
    /// Whether it is executed.
    pub mode: WriteMode,
}

impl Sharing {
    /// Changes the share named `id` for `user`, its owner or creator. Nothing below it is written.
    pub async fn update_share(
        &self,
        user: UserId,
        id: String,
        update: UpdateShare,
        origin: Origin,
    ) -> Result<Stamped<ShareView>, Error> {
        let id = share_named(&id)?;
        let seen = self.store.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        if update.mode == WriteMode::Validate {
            let now = self.clock.now();
            check(&user, &seen, &update, now)?;
            return Ok(Stamped { value: seen.view(now), stamp: None });
        }
        self.refuse_erased_in(seen.share())?;
        let owner = &seen.share().owner;
        let priority = if user == *owner { Priority::First } else { Priority::FairlyFor(user.as_str()) };
        let is_dry_run = update.mode == WriteMode::DryRun;
        // A dry run queues behind changes, so that one owner never takes more than one connection.
        let priority = if is_dry_run { Priority::FairlyFor(user.as_str()) } else { priority };
        let change = self.store.begin(Some((owner, priority)), None, origin).await?;
        let now = self.clock.now();
        let version = if is_dry_run { None } else { Some(change.raise_owner(owner, now).await?) };
        let stamped =
            |value, version: Option<i64>| Stamped { value, stamp: version.map(|version| stamp(owner, version, now)) };
        // With the owner's row locked, it does not change any more.
        let chain = change.chain(owner, id).await?.ok_or(Error::ShareNotFound)?;
        let terms = check(&user, &chain, &update, now)?;
        let share = chain.share();
        if terms == share.terms {
            // The version is not raised: the change is not committed.
            return Ok(stamped(chain.view(now), version.map(|version| version - 1)));
        }
        let changed = chain.with_share(share.with_terms(terms, now));
        // A permanently ended share is not a duplicate.
        let is_active = changed.status(now) == Status::Active;
        let counts_again = share.ended_at.is_some() && changed.share().ended_at.is_none();
        if is_active || counts_again {
            let siblings = change.siblings(changed.share(), now).await?;
            if is_active {
                check_duplicate(&change, &share.owner, siblings).await?;
            }
            if counts_again {
                self.check_parents(&change, changed.share(), siblings, now).await?;
            }
        }
        let usage = if is_dry_run {
            change.planned_usage(Some(share), changed.share()).await?
        } else {
            change.update(share, changed.share()).await?.into_iter().map(Into::into).collect()
        };
        // A change that narrows is never rejected by a quota.
        if counts_again || changed.share().terms.scope.is_wider_than(&share.terms.scope) {
            self.check_quotas(&change, changed.share(), usage, now).await?;
        }
        if !is_dry_run {
            change.commit(None).await?;
        }
        Ok(stamped(changed.view(now), version))
    }
}

/// The terms of a share after an update by `user`.
fn check(user: &UserId, chain: &Chain, update: &UpdateShare, now: Timestamp) -> Result<Terms, Error> {
    may_change(user, chain)?;
    let share = chain.share();
    if !update.expected.matches(share.version) {
        return Err(Error::PreconditionFailed);
    }
    if chain.is_revoked() {
        return Err(Error::ShareRevoked);
    }
    let parent = chain.above().next().map(|parent| &parent.terms);
    update.changes.clone().apply(share, parent, now).map_err(Error::Invalid)
}

pub(super) fn may_change(user: &UserId, chain: &Chain) -> Result<(), Error> {
    match ShareRole::of(user, chain.share()) {
        Some(role) if role.may_change() => Ok(()),
        Some(_) => Err(Error::Forbidden),
        None => Err(Error::ShareNotFound),
    }
}
