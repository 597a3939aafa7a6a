//! One change of one owner's shares: one transaction, which also keeps the answer for a repeat of the request.

use anyhow::{Context, anyhow};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Statement,
    Value,
};
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
    row::{DIRECT, scope_digest},
};
use crate::{
    domain::{FollowId, Share, ShareId, Source, UserId},
    error::Error,
};

/// Revokes what was passed on from share $1, at $2.
const REVOKE_BELOW: &str = "
    WITH RECURSIVE below (id) AS (
        SELECT id FROM shares WHERE parent_share_id = $1
        UNION ALL
        SELECT child.id FROM shares child JOIN below ON child.parent_share_id = below.id
    )
    UPDATE shares SET revoked_at = $2, updated_at = $2, version = version + 1
    WHERE id IN (SELECT id FROM below) AND revoked_at IS NULL";

/// Gives every share below share $1 the least of the expiries on its chain for its end; null is never.
const MOVE_ENDS_BELOW: &str = "
    WITH RECURSIVE below (id, until) AS (
        SELECT id, effective_until FROM shares WHERE id = $1
        UNION ALL
        SELECT child.id, CASE
            WHEN child.expires_at IS NULL THEN below.until
            WHEN below.until IS NULL OR child.expires_at < below.until THEN child.expires_at
            ELSE below.until END
        FROM shares child JOIN below ON child.parent_share_id = below.id
    )
    UPDATE shares SET version = version + 1,
        effective_until = (SELECT below.until FROM below WHERE below.id = shares.id)
    WHERE id IN (SELECT id FROM below) AND id <> $1
        AND effective_until IS DISTINCT FROM (SELECT below.until FROM below WHERE below.id = shares.id)";

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
            Source::Direct => Column::Source.eq(DIRECT),
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

    /// The share of a follow that stands, else the one that was revoked last. Which one stands is not told by times: the
    /// clocks of two replicas may differ.
    pub async fn share_of_follow(&self, follow: &FollowId) -> Result<Option<Share>, Error> {
        let row = Entity::find()
            .filter(Column::FollowId.eq(follow.as_str()))
            .order_by_desc(Column::RevokedAt.is_null())
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
            self.execute(MOVE_ENDS_BELOW, vec![after.id.0.into()]).await?;
        }
        Ok(())
    }

    /// Writes a share as revoked, and every share below it: in one statement, however many there are, so that nobody can
    /// make a share too large to revoke.
    pub async fn revoke(&self, before: &Share, now: Instant) -> Result<Share, Error> {
        let revoked = before.revoked(now);
        self.write(before, &revoked).await?;
        self.execute(REVOKE_BELOW, vec![before.id.0.into(), now.utc().into()]).await?;
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

    /// For the statements of this change that stand in other files.
    pub(super) fn connection(&self) -> &impl ConnectionTrait {
        self.0.connection()
    }

    async fn execute(&self, sql: &str, values: Vec<Value>) -> Result<(), Error> {
        let connection = self.0.connection();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        connection.execute_raw(statement).await.map(drop).map_err(failed)
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
