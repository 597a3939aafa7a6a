//! Purges of shares that have ended. Leaves first: a share with others below it is deleted after them. No decision changes.

use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use types::Timestamp;

use super::{
    ShareChange, Store,
    entity::Model,
    failed,
    keys::{HAS_CHILD, parameters},
    usage::{RETURNED, ROW_BYTES, UsageChange},
};
use crate::{
    domain::{EventKind, Share, ShareId, UserId},
    error::Error,
};

/// Maximum rows that one change deletes.
pub const PURGE_SLICE: i64 = 1_000;

/// Whether a share may be purged: that of a follow is kept until the follow has ended, since it records a revocation by the owner.
const NO_LIVE_FOLLOW: &str = "(follow_id IS NULL OR follow_ended_at IS NOT NULL)";

/// The ended shares of one creator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedBytes {
    /// The creator.
    pub creator: UserId,
    /// The size of their rows.
    pub bytes: i64,
}

impl ShareChange {
    /// Permanently ends shares of `owner` that had expired by `expired_by`, as a revocation does. The owner's version must be raised.
    pub async fn end_permanently(
        &self,
        owner: &UserId,
        shares: &[ShareId],
        expired_by: Timestamp,
        now: Timestamp,
    ) -> Result<u64, Error> {
        if shares.is_empty() {
            return Ok(0);
        }
        let mut values = vec![owner.as_str().into(), expired_by.utc().into(), now.utc().into()];
        let ids = parameters(&mut values, shares);
        let sql = format!(
            "UPDATE shares SET revoked_at = $3, ended_permanently = TRUE, updated_at = $3, version = version + 1,
                 sweep_below = {HAS_CHILD}
             WHERE owner_id = $1 AND ended_at IS NOT NULL AND ended_permanently = FALSE AND expires_at <= $2
                 AND {NO_LIVE_FOLLOW} AND id IN ({ids})
             RETURNING *"
        );
        let ended = self.query(&sql, values).await?;
        for row in &ended {
            let share = Share::try_from(Model::from_query_result(row, "").map_err(failed)?)?;
            self.record(EventKind::Revoked, &share, row.try_get("", "sweep_below").map_err(failed)?, now);
        }
        Ok(ended.len() as u64)
    }

    /// Deletes shares of `owner` that ended permanently by `ended_by` and have none below them. The owner's row must be locked.
    pub async fn delete(&self, owner: &UserId, shares: &[ShareId], ended_by: Timestamp) -> Result<usize, Error> {
        if shares.is_empty() {
            return Ok(0);
        }
        let mut values = vec![owner.as_str().into(), ended_by.utc().into()];
        let ids = parameters(&mut values, shares);
        let sql = format!(
            "DELETE FROM shares WHERE owner_id = $1 AND ended_at IS NOT NULL AND ended_at <= $2 AND ended_permanently = TRUE
                 AND {NO_LIVE_FOLLOW} AND id IN ({ids}) AND NOT ({HAS_CHILD})
             RETURNING {RETURNED}"
        );
        let deleted = self.query(&sql, values).await?;
        let mut usage = UsageChange::default();
        for row in &deleted {
            usage.delete_row(row)?;
        }
        self.write_usage(owner, usage).await?;
        Ok(deleted.len())
    }
}

// Searches for work read the shares of all owners; the work itself names one.
impl Store {
    /// Shares that expired by `expired_by` and may still be renewed, the oldest first.
    pub async fn long_expired_shares(&self, expired_by: Timestamp) -> Result<Vec<(UserId, ShareId)>, Error> {
        let sql = format!(
            "SELECT owner_id, id FROM shares
             WHERE ended_at IS NOT NULL AND ended_at <= $1 AND ended_permanently = FALSE AND expires_at <= $1
                 AND {NO_LIVE_FOLLOW}
             ORDER BY ended_at LIMIT $2"
        );
        self.keys(&sql, vec![expired_by.utc().into(), PURGE_SLICE.into()]).await
    }

    /// Shares that ended permanently by `ended_by` and have none below them, the oldest first.
    pub async fn purgeable_shares(&self, ended_by: Timestamp) -> Result<Vec<(UserId, ShareId)>, Error> {
        let sql = format!(
            "SELECT owner_id, id FROM shares
             WHERE ended_at IS NOT NULL AND ended_at <= $1 AND ended_permanently = TRUE AND {NO_LIVE_FOLLOW}
                 AND NOT ({})
             ORDER BY ended_at LIMIT $2",
            HAS_CHILD.replace("$1", "shares.owner_id")
        );
        self.keys(&sql, vec![ended_by.utc().into(), PURGE_SLICE.into()]).await
    }

    /// The next creators after `after`, sorted by id, with the size of their ended shares.
    pub async fn ended_bytes_by_creator(&self, after: &str) -> Result<Vec<EndedBytes>, Error> {
        const NEXT: &str = "
            SELECT user_id, CAST(SUM(id_bytes) AS BIGINT) AS bytes FROM share_usage
            WHERE kind = 'ended' AND user_id > $1 GROUP BY user_id ORDER BY user_id LIMIT $2";
        self.ended_bytes(NEXT, vec![after.into(), PURGE_SLICE.into()]).await
    }

    /// The size of the ended shares of `creator`.
    pub async fn ended_bytes_of(&self, creator: &UserId) -> Result<i64, Error> {
        const OF: &str = "
            SELECT user_id, CAST(SUM(id_bytes) AS BIGINT) AS bytes FROM share_usage
            WHERE kind = 'ended' AND user_id = $1 GROUP BY user_id";
        let found = self.ended_bytes(OF, vec![creator.as_str().into()]).await?;
        Ok(found.first().map_or(0, |found| found.bytes))
    }

    /// The oldest ended shares of `creator` that take `bytes` together, [`PURGE_SLICE`] at most.
    pub async fn oldest_ended_shares(&self, creator: &UserId, bytes: i64) -> Result<Vec<(UserId, ShareId)>, Error> {
        let sql = format!(
            "SELECT owner_id, id FROM (
                 SELECT owner_id, id, ended_at, SUM(id_bytes + {ROW_BYTES}) OVER (ORDER BY ended_at, id) - id_bytes AS before
                 FROM (
                     SELECT owner_id, id, ended_at, id_bytes FROM shares
                     WHERE creator_id = $1 AND ended_at IS NOT NULL AND {NO_LIVE_FOLLOW} ORDER BY ended_at LIMIT $2
                 ) AS oldest
             ) AS added_up WHERE before - {ROW_BYTES} < $3 ORDER BY ended_at"
        );
        self.keys(&sql, vec![creator.as_str().into(), PURGE_SLICE.into(), bytes.into()]).await
    }

    /// Shares directly below a share.
    pub async fn shares_below(&self, owner: &UserId, share: ShareId) -> Result<Vec<ShareId>, Error> {
        const BELOW: &str = "
            SELECT owner_id, id FROM shares
            WHERE owner_id = $1 AND parent_share_id = $2 AND parent_share_id IS NOT NULL LIMIT $3";
        let values = vec![owner.as_str().into(), share.0.into(), PURGE_SLICE.into()];
        Ok(self.keys(BELOW, values).await?.into_iter().map(|(_, id)| id).collect())
    }

    async fn ended_bytes(&self, sql: &str, values: Vec<Value>) -> Result<Vec<EndedBytes>, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        rows.iter()
            .map(|row| {
                let creator: String = row.try_get("", "user_id").map_err(failed)?;
                let creator = UserId::parse(creator).map_err(|error| Error::Internal(error.into()))?;
                Ok(EndedBytes { creator, bytes: row.try_get("", "bytes").map_err(failed)? })
            })
            .collect()
    }
}
