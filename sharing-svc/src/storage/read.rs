//! Queries that change nothing. Each begins at whose eyes it reads with, so that scoping cannot be forgotten.

use anyhow::anyhow;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, Select, Statement, Value};
use service_kit::database::page;
use vocabulary::{Instant, Page, PageRequest};

use super::{
    Store,
    entity::{Column, Entity, Model},
    failed,
};
use crate::{
    domain::{
        Share, ShareId, Status, UserId,
        access::{Chain, chains},
    },
    error::Error,
};

/// Shares between two people that have ended and that an explanation looks at, at most.
pub const REMEMBERED_ENDS: i64 = 100;

/// The shares from $1 to $2 that are active at $3, and every share above them, once: to be joined by their ids.
pub(super) const ACTIVE_LINKS: &str = "
    WITH RECURSIVE link (id, parent) AS (
        SELECT id, parent_share_id FROM shares
        WHERE owner_id = $1 AND recipient_id = $2
            AND revoked_at IS NULL AND (effective_until IS NULL OR effective_until > $3)
        UNION
        SELECT above.id, above.parent_share_id FROM shares above JOIN link ON above.id = link.parent
    )";

/// The shares from $1 to $2, of those that have ended by $3 the last $4, and every share above them, once.
const ALL_CHAINS: &str = "
    WITH RECURSIVE ended (id, parent) AS (
        SELECT id, parent_share_id FROM shares
        WHERE owner_id = $1 AND recipient_id = $2 AND (revoked_at IS NOT NULL OR effective_until <= $3)
        ORDER BY COALESCE(revoked_at, effective_until) DESC, id DESC LIMIT $4
    ), link (id, parent) AS (
        SELECT id, parent_share_id FROM shares
        WHERE owner_id = $1 AND recipient_id = $2
            AND revoked_at IS NULL AND (effective_until IS NULL OR effective_until > $3)
        UNION
        SELECT id, parent FROM ended
        UNION
        SELECT above.id, above.parent_share_id FROM shares above JOIN link ON above.id = link.parent
    )
    SELECT shares.* FROM shares JOIN link ON link.id = shares.id";

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

    /// The shares from `owner` to `viewer` that are active at `now`, each with those above it, which may be so no longer.
    /// One read, whatever the lengths of the chains.
    pub async fn active_chains(&self, owner: &UserId, viewer: &UserId, now: Instant) -> Result<Vec<Chain>, Error> {
        let values = vec![owner.as_str().into(), viewer.as_str().into(), now.utc().into()];
        let sql = format!("{ACTIVE_LINKS} SELECT shares.* FROM shares JOIN link ON link.id = shares.id");
        self.chains(&sql, values, |share| share.recipient == *viewer && share.status(now) == Status::Active).await
    }

    /// The shares from `owner` to `viewer`, whether they count or not, each with those above it; of those that have ended
    /// the last [`REMEMBERED_ENDS`].
    pub async fn all_chains(&self, owner: &UserId, viewer: &UserId, now: Instant) -> Result<Vec<Chain>, Error> {
        let values = vec![owner.as_str().into(), viewer.as_str().into(), now.utc().into(), REMEMBERED_ENDS.into()];
        self.chains(ALL_CHAINS, values, |share| share.recipient == *viewer).await
    }

    /// The shares of `owner`'s nodes that are active at `now`, each with those above it.
    pub async fn active_chains_of_owner(&self, owner: &UserId, now: Instant) -> Result<Vec<Chain>, Error> {
        // Above an active share all are active: a revocation or an expiry ends what is below.
        let active = Entity::find().filter(Column::OwnerId.eq(owner.as_str())).filter(is_active(now));
        let rows = active.all(self.database.reader()).await.map_err(failed)?;
        link(rows, |_| true)
    }

    async fn chains(
        &self,
        sql: &str,
        values: Vec<Value>,
        is_leaf: impl Fn(&Share) -> bool,
    ) -> Result<Vec<Chain>, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = Entity::find().from_raw_sql(statement).all(reader).await.map_err(failed)?;
        link(rows, is_leaf)
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

fn link(rows: Vec<Model>, is_leaf: impl Fn(&Share) -> bool) -> Result<Vec<Chain>, Error> {
    let (mut leaves, mut others) = (Vec::new(), Vec::new());
    for row in rows {
        let share = Share::try_from(row)?;
        if is_leaf(&share) { leaves.push(share) } else { others.push(share) }
    }
    chains(leaves, others).map_err(|broken| Error::Internal(anyhow!(broken)))
}

/// The condition that [`Share::status`] is active, in SQL.
pub(super) fn is_active(now: Instant) -> Condition {
    let lasts = Condition::any().add(Column::EffectiveUntil.is_null()).add(Column::EffectiveUntil.gt(now.utc()));
    Condition::all().add(Column::RevokedAt.is_null()).add(lasts)
}
