//! `CreateShare`: creates a share, or re-shares one.

use admission::completion;
use anyhow::anyhow;
use persistence::{Isolation, Priority, idempotency::IdempotentRequest};
use service::consistency::Stamped;
use types::{Origin, Timestamp, WriteMode};
use uuid::Uuid;

use super::{Sharing, consistency::stamp, share_named};
use crate::{
    domain::{
        NewShare, ReshareError, Share, ShareDraft, ShareId, ShareRole, ShareView, Source, Terms, UserId, access::Chain,
        check_reshare,
    },
    error::Error,
    storage::{Inserted, ShareChange, Siblings},
};

/// The result of `CreateShare`.
#[derive(Clone, Debug)]
pub enum CreateShare {
    /// It created this share.
    Created(ShareView),
    /// An equal request was executed before; its response.
    Replayed(ShareView),
    /// The fields are valid; the request asked for nothing else.
    Validated,
    /// It would create this share: the request was a dry run.
    WouldCreate(ShareView),
}

impl Sharing {
    /// Creates the requested share for `creator`, at most once for an idempotent `request`.
    pub async fn create_share(
        &self,
        creator: UserId,
        draft: ShareDraft,
        mode: WriteMode,
        request: Option<IdempotentRequest>,
        origin: Origin,
    ) -> Result<Stamped<CreateShare>, Error> {
        let now = self.clock.now();
        let asked = draft.parse(&creator, now).map_err(Error::Invalid);
        match mode {
            WriteMode::Execute => {}
            WriteMode::Validate => return asked.map(|_| unstamped(CreateShare::Validated)),
            WriteMode::DryRun => {
                let view = self.dry_run_create(creator, asked?, now).await?;
                return Ok(unstamped(CreateShare::WouldCreate(view)));
            }
        }
        // A repeat returns the first response even if its expiry has passed since.
        if request.is_none()
            && let Err(error) = asked
        {
            return Err(error);
        }
        // Only the parent shows the owner of a re-share. Until the owner's row is locked it may change.
        let parent = match &asked {
            Ok(NewShare { parent: Some(parent), .. }) => self.parent_seen_by(&creator, parent).await.map(Some),
            Ok(_) | Err(_) => Ok(None),
        };
        if request.is_none()
            && let Err(error) = parent
        {
            return Err(error);
        }
        let owner = match &parent {
            Ok(Some(parent)) => Some((parent.share().owner.clone(), Priority::FairlyFor(creator.as_str()))),
            Ok(None) => Some((creator.clone(), Priority::First)),
            Err(_) => None,
        };
        let queued = owner.as_ref().map(|(owner, priority)| (owner, *priority));
        if let (Ok(NewShare { recipient, .. }), Some((owner, _))) = (&asked, &owner) {
            self.refuse_erased([owner, recipient, &creator])?;
        }
        let change = self.store.begin_as(queued, request.as_ref(), origin, Isolation::ReadUncommitted).await?;
        completion::check_caller().map_err(|abandoned| Error::Unavailable(anyhow!(abandoned)))?;
        if let Some(request) = &request
            && let Some(view) = change.lookup(request, now).await?
        {
            change.roll_back().await?;
            // The version that the first request made.
            let stamp = Some(stamp(&view.share.owner, view.share.created_version, now));
            return Ok(Stamped { value: CreateShare::Replayed(view), stamp });
        }
        let (asked, parent) = (asked?, parent?);
        // Inserted before the checks that need the owner's row: the usual creation is then one message to the database.
        let (chain, Inserted { siblings, usage }) = match parent {
            None => {
                let share = new_share(creator.clone(), creator, asked, Source::Direct, NOT_RAISED, now);
                let (share, inserted) = change.raise_and_insert(share, now).await?;
                (Chain::single(share), inserted)
            }
            Some(parent) => {
                let version = change.raise_owner(&parent.share().owner, now).await?;
                let chain = reshare(&change, creator, parent.share(), asked, version, now).await?;
                let inserted = change.insert(chain.share(), now).await?;
                (chain, inserted)
            }
        };
        let share = chain.share();
        if let Err(exists) = check_duplicate(&change, &share.owner, siblings).await {
            // The caller may look for it at once.
            change.roll_back().await?;
            return Err(exists);
        }
        self.check_parents(&change, share, siblings, now).await?;
        self.check_quotas(&change, share, usage, now).await?;
        let view = chain.view(now);
        change.commit(request.as_ref().map(|request| (request, &view))).await?;
        let stamp = Some(stamp(&view.share.owner, view.share.created_version, now));
        Ok(Stamped { value: CreateShare::Created(view), stamp })
    }

    /// Every check of `create_share`, without the owner's row locked and without a write that stays.
    async fn dry_run_create(&self, creator: UserId, asked: NewShare, now: Timestamp) -> Result<ShareView, Error> {
        let parent = match &asked.parent {
            Some(parent) => Some(self.parent_seen_by(&creator, parent).await?),
            None => None,
        };
        // It queues like a change, so that one owner never takes more than one connection.
        let owner = parent.as_ref().map_or_else(|| creator.clone(), |parent| parent.share().owner.clone());
        let queued = Some((&owner, Priority::FairlyFor(creator.as_str())));
        let change = self.store.begin(queued, None, Origin::system()).await?;
        let chain = match parent {
            None => Chain::single(new_share(creator.clone(), creator, asked, Source::Direct, NOT_RAISED, now)),
            Some(parent) => reshare(&change, creator, parent.share(), asked, NOT_RAISED, now).await?,
        };
        let share = chain.share();
        self.refuse_erased_in(share)?;
        let siblings = change.siblings(share, now).await?;
        check_duplicate(&change, &share.owner, siblings).await?;
        self.check_parents(&change, share, siblings, now).await?;
        let usage = change.planned_usage(None, share).await?;
        self.check_quotas(&change, share, usage, now).await?;
        Ok(chain.view(now))
    }

    async fn parent_seen_by(&self, user: &UserId, parent: &str) -> Result<Chain, Error> {
        self.store.share_seen_by(user, share_named(parent)?).await?.ok_or(Error::ShareNotFound)
    }
}

/// Rejects a share if another grants the same. One that a stop has ended does not, even if it is not revoked yet.
pub(super) async fn check_duplicate(change: &ShareChange, owner: &UserId, siblings: Siblings) -> Result<(), Error> {
    let Some(existing) = siblings.equal else { return Ok(()) };
    let chain = change.chain(owner, existing).await?;
    if chain.is_some_and(|chain| chain.is_revoked()) { Ok(()) } else { Err(Error::SharingExists(existing)) }
}

fn unstamped(value: CreateShare) -> Stamped<CreateShare> {
    Stamped { value, stamp: None }
}

async fn reshare(
    change: &ShareChange,
    creator: UserId,
    parent: &Share,
    asked: NewShare,
    version: i64,
    now: Timestamp,
) -> Result<Chain, Error> {
    let parent = change.chain(&parent.owner, parent.id).await?.ok_or(Error::ShareNotFound)?;
    if ShareRole::of(&creator, parent.share()).is_none() {
        return Err(Error::ShareNotFound);
    }
    if change.is_blocked(&parent.share().owner, &creator).await? {
        return Err(Error::Forbidden);
    }
    // A re-share without an expiry copies that of its parent.
    let expires_at = asked.terms.expires_at.or(parent.share().terms.expires_at);
    let asked = NewShare { terms: Terms { expires_at, ..asked.terms }, ..asked };
    check_reshare(&parent, &creator, &asked, now).map_err(|error| match error {
        ReshareError::Revoked => Error::ShareRevoked,
        ReshareError::NotReshareable => Error::Forbidden,
        ReshareError::Invalid(fields) => Error::Invalid(fields),
    })?;
    let ancestors = parent.share().ancestors().iter().copied().chain([parent.share().id]).collect();
    let owner = parent.share().owner.clone();
    Ok(parent.child(new_share(owner, creator, asked, Source::Reshare { ancestors }, version, now)))
}

/// The `created_version` of a share before the owner's version is raised.
pub(super) const NOT_RAISED: i64 = 0;

pub(super) fn new_share(
    owner: UserId,
    creator: UserId,
    asked: NewShare,
    source: Source,
    created_version: i64,
    now: Timestamp,
) -> Share {
    Share {
        id: ShareId(Uuid::now_v7()),
        owner,
        recipient: asked.recipient,
        creator,
        terms: asked.terms,
        source,
        revoked_at: None,
        ended_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
        created_version,
    }
}
