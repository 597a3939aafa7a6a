//! Shares of follows. A follow is looked up by its id only: its owner is not known yet.

use persistence::Lock;
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};
use types::Timestamp;

use super::{
    ShareChange,
    entity::{Column, Entity},
    failed,
};
use crate::{
    domain::{FollowId, Share, UserId},
    error::Error,
};

/// Records that the follow of share $2 of owner $1 ended at $3.
const END: &str = "UPDATE shares SET follow_ended_at = $3 WHERE owner_id = $1 AND id = $2 AND follow_ended_at IS NULL";

impl ShareChange {
    /// Waits until no other change concerns this follow. Call it before locking the owner's row.
    pub async fn lock_follow(&self, follow: &FollowId) -> Result<(), Error> {
        self.lock(&Lock::new("follow", follow.as_str())).await
    }

    /// The shares of a follow: first the open one, then the newest.
    pub async fn shares_of_follow(&self, follow: &FollowId) -> Result<Vec<Share>, Error> {
        shares_of_follow(self.connection(), follow, None).await
    }

    /// The shares of a follow under one owner.
    pub async fn shares_of_follow_by(&self, follow: &FollowId, owner: &UserId) -> Result<Vec<Share>, Error> {
        shares_of_follow(self.connection(), follow, Some(owner)).await
    }

    /// Records that the follow of a share ended, whether or not the share was revoked.
    pub async fn end_follow(&self, share: &Share, now: Timestamp) -> Result<(), Error> {
        let values = vec![share.owner.as_str().into(), share.id.0.into(), now.utc().into()];
        self.execute(END, values).await.map(drop)
    }
}

/// Timestamps do not decide which one is open: the clocks of two replicas may differ.
async fn shares_of_follow(
    connection: &impl ConnectionTrait,
    follow: &FollowId,
    owner: Option<&UserId>,
) -> Result<Vec<Share>, Error> {
    let mut shares = Entity::find().filter(Column::FollowId.eq(follow.as_str()));
    if let Some(owner) = owner {
        shares = shares.filter(Column::OwnerId.eq(owner.as_str()));
    }
    let rows = shares
        .order_by_desc(Column::FollowEndedAt.is_null())
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .all(connection)
        .await
        .map_err(failed)?;
    rows.into_iter().map(Share::try_from).collect()
}
