//! How much stands between people, counted where it stands.

use anyhow::anyhow;
use sea_orm::{ConnectionTrait, Statement, Value};
use vocabulary::Instant;

use super::{ShareChange, Store, failed, read::ACTIVE_LINKS};
use crate::{
    domain::{Crowding, Share, UserId},
    error::Error,
};

/// Of all active shares of $1's nodes at $2: how many there are, and how much their ids take.
const CROWDING_OF_OWNER: &str = "
    SELECT COUNT(*) AS shares,
        COALESCE(SUM(LENGTH(CAST(tag_ids AS TEXT)) + LENGTH(CAST(node_ids AS TEXT))), 0) AS id_bytes
    FROM shares
    WHERE owner_id = $1 AND revoked_at IS NULL AND (effective_until IS NULL OR effective_until > $2)";

/// Of the people to whom share $1 was passed on, the most that stands from $2 to one of them at $3: the active shares, and with them
/// those above them.
const CROWDING_BELOW: &str = "
    WITH RECURSIVE below (id, recipient) AS (
        SELECT id, recipient_id FROM shares WHERE parent_share_id = $1
        UNION
        SELECT child.id, child.recipient_id FROM shares child JOIN below ON child.parent_share_id = below.id
    ), link (recipient, id, parent) AS (
        SELECT recipient_id, id, parent_share_id FROM shares
        WHERE owner_id = $2 AND recipient_id IN (SELECT recipient FROM below)
            AND revoked_at IS NULL AND (effective_until IS NULL OR effective_until > $3)
        UNION
        SELECT link.recipient, above.id, above.parent_share_id FROM shares above JOIN link ON above.id = link.parent
    )
    SELECT COALESCE(MAX(shares), 0) AS shares, COALESCE(MAX(id_bytes), 0) AS id_bytes FROM (
        SELECT SUM(CASE WHEN shares.recipient_id = link.recipient THEN 1 ELSE 0 END) AS shares,
            SUM(LENGTH(CAST(tag_ids AS TEXT)) + LENGTH(CAST(node_ids AS TEXT))) AS id_bytes
        FROM link JOIN shares ON shares.id = link.id
        GROUP BY link.recipient
    ) AS each_recipient";

impl Store {
    /// How many shares of `owner`'s nodes are active at `now`, and how much their ids take.
    pub async fn crowding_of_owner(&self, owner: &UserId, now: Instant) -> Result<Crowding, Error> {
        let values = vec![owner.as_str().into(), now.utc().into()];
        crowding(self.database.reader(), CROWDING_OF_OWNER, values).await
    }
}

impl ShareChange {
    /// What stands between the two people of `share`, and counts at `now`.
    pub async fn crowding(&self, share: &Share, now: Instant) -> Result<Crowding, Error> {
        let sql = format!(
            "{ACTIVE_LINKS}
            SELECT COALESCE(SUM(CASE WHEN recipient_id = $2 THEN 1 ELSE 0 END), 0) AS shares,
                COALESCE(SUM(LENGTH(CAST(tag_ids AS TEXT)) + LENGTH(CAST(node_ids AS TEXT))), 0) AS id_bytes
            FROM shares JOIN link ON link.id = shares.id"
        );
        let values = vec![share.owner.as_str().into(), share.recipient.as_str().into(), now.utc().into()];
        crowding(self.connection(), &sql, values).await
    }

    /// The most that stands between the owner of `share` and somebody to whom it was passed on.
    pub async fn crowding_below(&self, share: &Share, now: Instant) -> Result<Crowding, Error> {
        let values = vec![share.id.0.into(), share.owner.as_str().into(), now.utc().into()];
        crowding(self.connection(), CROWDING_BELOW, values).await
    }
}

async fn crowding(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Crowding, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    let row = connection.query_one_raw(statement).await.map_err(failed)?;
    let row = row.ok_or_else(|| Error::Internal(anyhow!("a count without a row")))?;
    let number = |column| row.try_get::<i64>("", column).map_err(failed);
    Ok(Crowding { shares: number("shares")?, id_bytes: number("id_bytes")? })
}
