//! One change of one owner's shares: one transaction, which also keeps the answer for a repeat of the request.

use std::collections::VecDeque;

use anyhow::{Context, anyhow};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder};
use serde::{Deserialize, Serialize};
use service_kit::{
    database::{Change, DatabaseFault, Lock},
    idempotency::{self, IdempotentRequest, Recall},
};
use vocabulary::Instant;

use super::{
    Store,
    entity::{ActiveModel, Column, Entity, Model},
    failed,
    read::{is_active, share_seen_by},
    row::scope_digest,
};
use crate::{
    domain::{FollowId, Share, ShareId, Source, UserId},
    error::Error,
};

/// A change under way. Dropped without [`commit`](Self::commit) it leaves no trace.
pub struct ShareChange(Change);

/// A share as it was first answered under an idempotency key.
#[derive(Serialize, Deserialize)]
struct KeptAnswer {
    share: Model,
    answered_at: Instant,
}

impl Store {
    /// Begins a change.
    pub async fn begin(&self) -> Result<ShareChange, Error> {
        self.database.begin().await.map(ShareChange).map_err(failed)
    }
}

impl ShareChange {
    /// The answer that `request` got before, and when; waits for a first request that is under way.
    pub async fn recall(&self, request: &IdempotentRequest, now: Instant) -> Result<Option<(Share, Instant)>, Error> {
        self.0.lock(&request.lock()).await.map_err(|error| match DatabaseFault::of(&error) {
            DatabaseFault::Contended => Error::IdempotencyKeyInFlight,
            DatabaseFault::Duplicate | DatabaseFault::Unavailable | DatabaseFault::Internal => failed(error),
        })?;
        match idempotency::recall(&self.0, request, now).await.map_err(failed)? {
            Recall::Unknown => Ok(None),
            Recall::Reused => Err(Error::IdempotencyKeyReused),
            Recall::Answered(answer) => {
                let KeptAnswer { share, answered_at } = serde_json::from_value(answer)
                    .context("an answer kept under an idempotency key cannot be read")
                    .map_err(Error::Internal)?;
                Ok(Some((share.try_into()?, answered_at)))
            }
        }
    }

    /// Waits until no other change of this owner's shares is under way, and keeps others waiting until the end of this
    /// one. What is read after it stands still: a re-share never meets its parent's revocation halfway.
    pub async fn lock_owner(&self, owner: &UserId) -> Result<(), Error> {
        self.0.lock(&Lock::new("shares of", owner.as_str())).await.map_err(failed)
    }

    /// A share that `user` owns, made or received.
    pub async fn share_seen_by(&self, user: &UserId, id: ShareId) -> Result<Option<Share>, Error> {
        share_seen_by(self.0.connection(), user, id).await
    }

    /// The chain of a share: it, its parent, and so on up to the owner's own share.
    pub async fn chain_of(&self, share: Share) -> Result<Vec<Share>, Error> {
        let mut above = share.parent();
        let mut chain = vec![share];
        while let Some(id) = above {
            let row = Entity::find_by_id(id.0).one(self.0.connection()).await.map_err(failed)?;
            let link = row.ok_or_else(|| Error::Internal(anyhow!("share {id} is missing from a chain")))?;
            let link = Share::try_from(link)?;
            above = link.parent();
            chain.push(link);
        }
        Ok(chain)
    }

    /// Another active share that grants the same scope to the same person: of the same maker from the same parent, so that
    /// nobody learns of a share they may not see, and a follow's share ends with its follow.
    pub async fn equal_active_share(&self, share: &Share, now: Instant) -> Result<Option<ShareId>, Error> {
        let same_origin = match &share.source {
            Source::Direct => Column::Source.eq("direct"),
            Source::Reshare { parent, .. } => Column::ParentShareId.eq(parent.0),
            Source::Follow(follow) => Column::FollowId.eq(follow.as_str()),
        };
        let row = Entity::find()
            .filter(Column::OwnerId.eq(share.owner.as_str()))
            .filter(Column::RecipientId.eq(share.recipient.as_str()))
            .filter(Column::ScopeDigest.eq(scope_digest(&share.terms.scope)))
            .filter(Column::Id.ne(share.id.0))
            .filter(same_origin)
            .filter(is_active(now))
            .one(self.0.connection())
            .await
            .map_err(failed)?;
        Ok(row.map(|row| ShareId(row.id)))
    }

    /// The newest share of a follow, revoked or not.
    pub async fn share_of_follow(&self, follow: &FollowId) -> Result<Option<Share>, Error> {
        let row = Entity::find()
            .filter(Column::FollowId.eq(follow.as_str()))
            .order_by_desc(Column::CreatedAt)
            .order_by_desc(Column::Id)
            .one(self.0.connection())
            .await
            .map_err(failed)?;
        row.map(Share::try_from).transpose()
    }

    /// Waits until no other change concerns this follow.
    pub async fn lock_follow(&self, follow: &FollowId) -> Result<(), Error> {
        self.0.lock(&Lock::new("follow", follow.as_str())).await.map_err(failed)
    }

    /// Writes a share that is new.
    pub async fn insert(&self, share: &Share) -> Result<(), Error> {
        let row = Model::from(share).into_active_model();
        Entity::insert(row).exec_without_returning(self.0.connection()).await.map(drop).map_err(failed)
    }

    /// Writes a share over the version it was changed from, and moves the ends of the shares below it.
    pub async fn update(&self, before: &Share, after: &Share) -> Result<(), Error> {
        self.write(before, after).await?;
        if before.effective_until != after.effective_until {
            self.move_ends_below(after).await?;
        }
        Ok(())
    }

    /// Writes a share as revoked, and every share below it.
    pub async fn revoke(&self, before: &Share, now: Instant) -> Result<Share, Error> {
        let revoked = before.revoked(now);
        self.write(before, &revoked).await?;
        let mut above = VecDeque::from([before.id]);
        while let Some(parent) = above.pop_front() {
            for child in self.children_of(parent).await? {
                above.push_back(child.id);
                if child.revoked_at.is_none() {
                    self.write(&child, &child.revoked(now)).await?;
                }
            }
        }
        Ok(revoked)
    }

    /// Makes the change durable, and with it the answer to `request`, where a repeat may come.
    pub async fn commit(self, answer: Option<(&IdempotentRequest, &Share, Instant)>) -> Result<(), Error> {
        if let Some((request, share, answered_at)) = answer {
            let kept = serde_json::to_value(KeptAnswer { share: share.into(), answered_at })
                .context("an answer cannot be kept")
                .map_err(Error::Internal)?;
            idempotency::remember(&self.0, request, kept, answered_at).await.map_err(failed)?;
        }
        self.0.commit().await.map_err(failed)
    }

    async fn move_ends_below(&self, share: &Share) -> Result<(), Error> {
        let mut above = VecDeque::from([(share.id, share.effective_until)]);
        while let Some((parent, parent_until)) = above.pop_front() {
            for child in self.children_of(parent).await? {
                let until = child.until_under(parent_until);
                if until != child.effective_until {
                    above.push_back((child.id, until));
                    let moved = Share { effective_until: until, version: child.version + 1, ..child.clone() };
                    self.write(&child, &moved).await?;
                }
            }
        }
        Ok(())
    }

    async fn children_of(&self, parent: ShareId) -> Result<Vec<Share>, Error> {
        let rows =
            Entity::find().filter(Column::ParentShareId.eq(parent.0)).all(self.0.connection()).await.map_err(failed)?;
        rows.into_iter().map(Share::try_from).collect()
    }

    /// The one place where a row changes: over the version it was read at, or not at all.
    async fn write(&self, before: &Share, after: &Share) -> Result<(), Error> {
        let row: ActiveModel = Model::from(after).into_active_model().reset_all();
        let written = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(before.id.0))
            .filter(Column::Version.eq(before.version))
            .exec(self.0.connection())
            .await
            .map_err(failed)?;
        if written.rows_affected == 1 {
            Ok(())
        } else {
            Err(Error::Internal(anyhow!("share {} changed under its owner's lock", before.id)))
        }
    }
}
