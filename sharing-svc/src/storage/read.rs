//! Queries that change nothing. Each begins at whose eyes it reads with, so that scoping cannot be forgotten.

use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select};
use service_kit::database::page;
use vocabulary::{Instant, Page, PageRequest};

use super::{
    Store,
    entity::{Column, Entity},
    failed,
};
use crate::{
    domain::{Share, ShareId, UserId},
    error::Error,
};

/// Which shares of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareFilter {
    /// All of them.
    Any,
    /// Those that are active.
    Active,
    /// Those that are expired or revoked.
    Inactive,
}

impl Store {
    /// A share that `user` owns, made or received.
    pub async fn share_seen_by(&self, user: &UserId, id: ShareId) -> Result<Option<Share>, Error> {
        share_seen_by(self.database.reader(), user, id).await
    }

    /// The shares of `owner`'s data.
    pub async fn shares_of_owner(
        &self,
        owner: &UserId,
        filter: ShareFilter,
        now: Instant,
        page: PageRequest,
    ) -> Result<Page<Share>, Error> {
        self.page(Entity::find().filter(Column::OwnerId.eq(owner.as_str())), filter, now, page).await
    }

    /// The shares that `recipient` received.
    pub async fn shares_to_recipient(
        &self,
        recipient: &UserId,
        filter: ShareFilter,
        now: Instant,
        page: PageRequest,
    ) -> Result<Page<Share>, Error> {
        self.page(Entity::find().filter(Column::RecipientId.eq(recipient.as_str())), filter, now, page).await
    }

    async fn page(
        &self,
        shares: Select<Entity>,
        filter: ShareFilter,
        now: Instant,
        request: PageRequest,
    ) -> Result<Page<Share>, Error> {
        let shares = match filter {
            ShareFilter::Any => shares,
            ShareFilter::Active => shares.filter(is_active(now)),
            ShareFilter::Inactive => shares.filter(is_active(now).not()),
        };
        let order = (Column::CreatedAt, Column::Id);
        let (rows, total) = page(self.database.reader(), shares, order, request).await.map_err(failed)?;
        let items = rows.into_iter().map(Share::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total, request })
    }
}

pub(super) async fn share_seen_by(
    connection: &impl ConnectionTrait,
    user: &UserId,
    id: ShareId,
) -> Result<Option<Share>, Error> {
    let seen = Condition::any()
        .add(Column::OwnerId.eq(user.as_str()))
        .add(Column::RecipientId.eq(user.as_str()))
        .add(Column::MakerId.eq(user.as_str()));
    let row = Entity::find_by_id(id.0).filter(seen).one(connection).await.map_err(failed)?;
    row.map(Share::try_from).transpose()
}

/// The condition that [`Share::status`] is active, in SQL.
pub(super) fn is_active(now: Instant) -> Condition {
    let lasts = Condition::any().add(Column::EffectiveUntil.is_null()).add(Column::EffectiveUntil.gt(now.utc()));
    Condition::all().add(Column::RevokedAt.is_null()).add(lasts)
}
