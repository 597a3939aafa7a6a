//! `CreateShare`: makes a share, or passes one on.

use service_kit::idempotency::IdempotentRequest;
use uuid::Uuid;
use vocabulary::Instant;

use super::{Answer, Sharing, share_named};
use crate::{
    domain::{Between, NewShare, ReshareRefusal, Share, ShareDraft, ShareId, Source, UserId, check_reshare},
    error::Error,
    storage::ShareChange,
};

/// What `CreateShare` did.
#[derive(Clone, Debug)]
pub enum CreateShare {
    /// It made this share.
    Created(Answer),
    /// The same request was answered with this before.
    Replayed(Answer),
    /// It was asked to check the fields only, and they are right.
    Checked,
}

impl Sharing {
    /// Makes the share that `maker` asks for, at most once for a `request` that may be repeated.
    pub async fn create_share(
        &self,
        maker: UserId,
        draft: ShareDraft,
        validate_only: bool,
        request: Option<IdempotentRequest>,
    ) -> Result<CreateShare, Error> {
        let now = self.clock.now();
        let asked = draft.parse(&maker, now).map_err(Error::Invalid);
        if validate_only {
            return asked.map(|_| CreateShare::Checked);
        }
        // A repeat is answered even when its expiry, good at the time, has passed since.
        if request.is_none()
            && let Err(error) = asked
        {
            return Err(error);
        }
        let change = self.store.begin().await?;
        if let Some(request) = &request
            && let Some((share, as_of)) = change.recall(request, now).await?
        {
            return Ok(CreateShare::Replayed(Answer { share, as_of }));
        }
        let asked = asked?;
        let share = match &asked.parent {
            None => {
                change.lock_owner(&maker).await?;
                direct(maker, asked, now)
            }
            Some(parent) => passed_on(&change, maker, parent, &asked, now).await?,
        };
        if let Some(existing) = change.equal_active_share(&share, now).await? {
            return Err(Error::SharingExists(existing));
        }
        change.insert(&share).await?;
        change.crowding(&share, now).await?.admit(Between::ItsPeople, &share, None).map_err(Error::Invalid)?;
        change.commit(request.as_ref().map(|request| (request, &share, now))).await?;
        Ok(CreateShare::Created(Answer { share, as_of: now }))
    }
}

fn direct(maker: UserId, asked: NewShare, now: Instant) -> Share {
    new_share(maker.clone(), maker, asked, Source::Direct, None, now)
}

async fn passed_on(
    change: &ShareChange,
    maker: UserId,
    parent: &str,
    asked: &NewShare,
    now: Instant,
) -> Result<Share, Error> {
    let parent = share_named(parent)?;
    let seen = change.share_seen_by(&maker, parent).await?.ok_or(Error::ShareNotFound)?;
    change.lock_owner(&seen.owner).await?;
    // Read again: until the lock was held it could change.
    let parent = change.share_seen_by(&maker, parent).await?.ok_or(Error::ShareNotFound)?;
    let chain = change.chain_of(parent.clone()).await?;
    check_reshare(&chain, &maker, asked, now).map_err(|refusal| match refusal {
        ReshareRefusal::Revoked => Error::ShareRevoked,
        ReshareRefusal::NotPassable => Error::Forbidden,
        ReshareRefusal::Invalid(fields) => Error::Invalid(fields),
    })?;
    let source = Source::Reshare { parent: parent.id, depth: parent.depth() + 1 };
    Ok(new_share(parent.owner, maker, asked.clone(), source, parent.effective_until, now))
}

pub(super) fn new_share(
    owner: UserId,
    maker: UserId,
    asked: NewShare,
    source: Source,
    parent_until: Option<Instant>,
    now: Instant,
) -> Share {
    let share = Share {
        id: ShareId(Uuid::now_v7()),
        owner,
        recipient: asked.recipient,
        maker,
        effective_until: None,
        terms: asked.terms,
        source,
        revoked_at: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    Share { effective_until: share.until_under(parent_until), ..share }
}
