//! Reads of decisions: the shares between an owner and others. Each statement names the owner for every table.

use sea_orm::{ConnectionTrait, Statement};
use types::Timestamp;

use super::{
    Store,
    chains::{open_at, read_chains, with_links},
    failed,
};
use crate::{
    domain::{UserId, access::Chain},
    error::Error,
};

/// Ended shares between two people that an explanation considers.
pub const ENDED_SHARES_EXPLAINED: i64 = 100;

/// The open shares from $1 to $2 at $3.
const OPEN_BETWEEN: &str =
    concat!("SELECT * FROM shares WHERE owner_id = $1 AND recipient_id = $2 AND ", open_at!("$3"));

/// The shares from $1 to $2; of those that have ended the last $3.
const ALL_BETWEEN: &str = "
    SELECT * FROM shares WHERE owner_id = $1 AND recipient_id = $2 AND ended_at IS NULL
    UNION ALL
    SELECT * FROM (
        SELECT * FROM shares WHERE owner_id = $1 AND recipient_id = $2 AND ended_at IS NOT NULL
        ORDER BY ended_at DESC, id DESC LIMIT $3
    ) AS ended";

/// The open shares of $1 at $4 to the people after $2, up to $3.
const OPEN_TO_RANGE: &str = concat!(
    "SELECT * FROM shares WHERE owner_id = $1 AND recipient_id > $2 AND recipient_id <= $3 AND ",
    open_at!("$4")
);

/// The next $3 people after $2 with whom $1 shares something, with the number of their shares.
const RECIPIENTS: &str = "
    SELECT user_id, CAST(SUM(shares) AS BIGINT) AS shares, CAST(SUM(id_bytes) AS BIGINT) AS id_bytes
    FROM share_usage
    WHERE owner_id = $1 AND user_id > $2 AND kind IN ('own', 'reshared') AND shares > 0
    GROUP BY user_id ORDER BY user_id LIMIT $3";

/// The maximum reads for one page of recipients.
#[derive(Clone, Copy, Debug)]
pub struct ReadBudget {
    /// Recipients.
    pub recipients: i64,
    /// Shares.
    pub shares: i64,
    /// Bytes of ids.
    pub id_bytes: i64,
}

/// The shares of one owner to a range of recipients, sorted by id.
#[derive(Debug)]
pub struct RecipientRange {
    /// Open shares to these recipients; no recipient is split over ranges.
    pub chains: Vec<Chain>,
    /// The last recipient of the range; `None`: this range is the last.
    pub next_after: Option<String>,
}

impl Store {
    /// The open shares from `owner` to `viewer`, each with those above it, in whatever state these are. One statement.
    pub async fn open_chains(&self, owner: &UserId, viewer: &UserId, now: Timestamp) -> Result<Vec<Chain>, Error> {
        let reader = self.database.reader();
        let sql = with_links(reader.get_database_backend(), OPEN_BETWEEN, Some("$1"));
        let values = vec![owner.as_str().into(), viewer.as_str().into(), now.utc().into()];
        read_chains(reader, &sql, values).await
    }

    /// All shares from `owner` to `viewer`, each with those above it; of those that have ended the last
    /// [`ENDED_SHARES_EXPLAINED`].
    pub async fn all_chains(&self, owner: &UserId, viewer: &UserId) -> Result<Vec<Chain>, Error> {
        let reader = self.database.reader();
        let sql = with_links(reader.get_database_backend(), ALL_BETWEEN, Some("$1"));
        let values = vec![owner.as_str().into(), viewer.as_str().into(), ENDED_SHARES_EXPLAINED.into()];
        read_chains(reader, &sql, values).await
    }

    /// The open shares of `owner` to the recipients after `after`, as many recipients as `budget` allows and at least one.
    pub async fn open_chains_to_range(
        &self,
        owner: &UserId,
        after: &str,
        budget: ReadBudget,
        now: Timestamp,
    ) -> Result<RecipientRange, Error> {
        let reader = self.database.reader();
        let backend = reader.get_database_backend();
        let values = vec![owner.as_str().into(), after.into(), (budget.recipients + 1).into()];
        let statement = Statement::from_sql_and_values(backend, RECIPIENTS, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        let mut last: Option<String> = None;
        let (mut shares, mut id_bytes) = (0_i64, 0_i64);
        let mut taken = 0;
        for row in &rows {
            shares += row.try_get::<i64>("", "shares").map_err(failed)?;
            id_bytes += row.try_get::<i64>("", "id_bytes").map_err(failed)?;
            let is_within = shares <= budget.shares && id_bytes <= budget.id_bytes && taken < budget.recipients;
            if last.is_some() && !is_within {
                break;
            }
            last = Some(row.try_get("", "user_id").map_err(failed)?);
            taken += 1;
        }
        let Some(last) = last else { return Ok(RecipientRange { chains: Vec::new(), next_after: None }) };
        let sql = with_links(backend, OPEN_TO_RANGE, Some("$1"));
        let values = vec![owner.as_str().into(), after.into(), last.as_str().into(), now.utc().into()];
        let chains = read_chains(reader, &sql, values).await?;
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) == taken;
        Ok(RecipientRange { chains, next_after: (!is_last).then_some(last) })
    }
}
