//! What is stored about one person, for erasure and export.

use persistence::usage_days::OtherParty;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value, prelude::ChronoDateTimeUtc};

use super::{
    ShareChange, Store,
    entity::Model,
    failed,
    keys::{HAS_CHILD, parameters},
    marks::key_of,
    usage::{RETURNED, UsageChange},
};
use crate::{
    domain::{Share, ShareId, UserId},
    error::Error,
};

/// Shares that one read returns, and that one change deletes.
const SLICE: i64 = 500;

/// A place among the shares of a person: a time of creation, and the id of a share.
#[derive(Clone, Copy, Debug)]
pub struct CreatedAt(ChronoDateTimeUtc, ShareId);

impl CreatedAt {
    /// The place of a share.
    pub fn of(share: &Share) -> Self {
        Self(share.created_at.utc(), share.id)
    }

    /// The condition for what comes after it; `values` has the value for $1.
    fn condition(self, values: &mut Vec<Value>) -> &'static str {
        let Self(at, id) = self;
        values.extend([at.into(), id.0.into()]);
        "AND (created_at, id) > ($2, $3)"
    }
}

/// Which shares of a person an export lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportedShares {
    /// Of their data.
    OfTheirData,
    /// That they received.
    Received,
    /// Of others' data, that they created.
    Reshared,
}

impl Store {
    /// A slice of the shares of `user`'s data after `after`, by id, that have not ended permanently and hang below no other.
    pub async fn own_shares_to_revoke(
        &self,
        user: &UserId,
        after: Option<ShareId>,
    ) -> Result<Vec<(UserId, ShareId)>, Error> {
        let mut values: Vec<Value> = vec![user.as_str().into()];
        let after = after.map_or_else(String::new, |id| {
            values.push(id.0.into());
            "AND id > $2".to_owned()
        });
        let sql = format!(
            "SELECT owner_id, id FROM shares
             WHERE owner_id = $1 {after} AND parent_share_id IS NULL AND ended_permanently = FALSE ORDER BY id LIMIT {SLICE}"
        );
        self.keys(&sql, values).await
    }

    /// A slice of the shares to `user` after `after`, by time of creation and id, that have not ended permanently. The second value: the
    /// place after which to go on.
    pub async fn received_shares_to_revoke(
        &self,
        user: &UserId,
        after: Option<CreatedAt>,
    ) -> Result<(Vec<(UserId, ShareId)>, Option<CreatedAt>), Error> {
        let mut values: Vec<Value> = vec![user.as_str().into()];
        let after = after.map_or("", |after| after.condition(&mut values));
        let sql = format!(
            "SELECT owner_id, id, created_at FROM shares
             WHERE recipient_id = $1 {after} AND ended_permanently = FALSE ORDER BY created_at, id LIMIT {SLICE}"
        );
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        let keys = rows.iter().map(key_of).collect::<Result<Vec<_>, _>>()?;
        let last = match (rows.last(), keys.last()) {
            (Some(row), Some((_, id))) => Some(CreatedAt(row.try_get("", "created_at").map_err(failed)?, *id)),
            (_, _) => None,
        };
        Ok((keys, last))
    }

    /// Shares to `user`.
    pub async fn shares_to(&self, user: &UserId) -> Result<Vec<(UserId, ShareId)>, Error> {
        const RECEIVED: &str = "SELECT owner_id, id FROM shares WHERE recipient_id = $1 LIMIT $2";
        self.keys(RECEIVED, vec![user.as_str().into(), SLICE.into()]).await
    }

    /// A slice of the shares of `user` after `after`, by time of creation and id: the order of an index for each kind.
    pub async fn shares_to_export(
        &self,
        user: &UserId,
        which: ExportedShares,
        after: Option<CreatedAt>,
    ) -> Result<Vec<Share>, Error> {
        let of_user = match which {
            ExportedShares::OfTheirData => "owner_id = $1",
            ExportedShares::Received => "recipient_id = $1",
            // The creator of a re-share is never its owner.
            ExportedShares::Reshared => "creator_id = $1 AND parent_share_id IS NOT NULL",
        };
        let mut values: Vec<Value> = vec![user.as_str().into()];
        let after = after.map_or("", |after| after.condition(&mut values));
        let sql = format!("SELECT * FROM shares WHERE {of_user} {after} ORDER BY created_at, id LIMIT {SLICE}");
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        rows.iter().map(|row| Model::from_query_result(row, "").map_err(failed)?.try_into()).collect()
    }

    /// How many shares an erasure of `user` removes: theirs, those to them, and those that they created.
    pub async fn shares_about(&self, user: &UserId) -> Result<i64, Error> {
        const ABOUT: &str = "
            SELECT COUNT(*) AS shares FROM (
                SELECT owner_id, id FROM shares WHERE owner_id = $1
                UNION SELECT owner_id, id FROM shares WHERE recipient_id = $1
                UNION SELECT owner_id, id FROM shares WHERE creator_id = $1 AND parent_share_id IS NOT NULL
            ) AS about";
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), ABOUT, [user.as_str().into()]);
        let row = reader.query_one_raw(statement).await.map_err(failed)?;
        row.map_or(Ok(0), |row| row.try_get("", "shares")).map_err(failed)
    }

    /// Whether anything is stored about `user`.
    pub async fn mentions(&self, user: &UserId) -> Result<bool, Error> {
        let is_stored = self.owner_version(user.as_str()).await?.is_some()
            || self.shares_about(user).await? > 0
            || self.blocks_of(user).await? > 0
            || self.database.usage_mentions(user.as_str(), OtherParty::Person).await.map_err(failed)?;
        Ok(is_stored || self.database.feed_mentions(user.as_str()).await.map_err(failed)?)
    }
}

impl ShareChange {
    /// Deletes a slice of the shares of `owner` that have none below them, whatever their state; returns how many.
    pub async fn erase_leaves(&self, owner: &UserId) -> Result<u64, Error> {
        let sql = format!(
            "DELETE FROM shares WHERE owner_id = $1 AND id IN (
                 SELECT id FROM shares WHERE owner_id = $1 AND NOT ({HAS_CHILD}) LIMIT $2
             )"
        );
        self.execute(&sql, vec![owner.as_str().into(), SLICE.into()]).await
    }

    /// Deletes those of `shares` of `owner` that have none below them, whatever their state, and counts them no longer.
    pub async fn erase(&self, owner: &UserId, shares: &[ShareId]) -> Result<usize, Error> {
        if shares.is_empty() {
            return Ok(0);
        }
        let mut values = vec![owner.as_str().into()];
        let ids = parameters(&mut values, shares);
        let sql = format!(
            "DELETE FROM shares WHERE owner_id = $1 AND id IN ({ids}) AND NOT ({HAS_CHILD})
             RETURNING {RETURNED}, ended_at IS NULL AS is_open"
        );
        let deleted = self.query(&sql, values).await?;
        let mut usage = UsageChange::default();
        for row in &deleted {
            let is_open: bool = row.try_get("", "is_open").map_err(failed)?;
            if is_open { usage.remove_open_row(row)? } else { usage.delete_row(row)? }
        }
        self.write_usage(owner, usage).await?;
        Ok(deleted.len())
    }

    /// Deletes the usage of `owner`, of whom no share is left.
    pub async fn erase_usage(&self, owner: &UserId) -> Result<(), Error> {
        self.execute("DELETE FROM share_usage WHERE owner_id = $1", vec![owner.as_str().into()]).await.map(drop)
    }
}
