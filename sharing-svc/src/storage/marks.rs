//! Marks on shares that have ended, which take them out of reads and quotas.
//!
//! No decision depends on a mark: it says what the chain says already. A row is marked (a) when a share above it was revoked,
//! which is final, or (b) when its own expiry has passed, which a renewal clears. Never because a share above it expired or may
//! not be re-shared: that share may be renewed, with everything below it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use persistence::and_none_of;
use sea_orm::{ConnectionTrait, FromQueryResult, QueryResult, Statement, Value, prelude::ChronoDateTimeUtc};
use types::Timestamp;
use uuid::Uuid;

use super::{
    ShareChange, Store,
    entity::Model,
    failed,
    keys::{HAS_CHILD, parameters},
    usage::{RETURNED, UsageChange},
};
use crate::{
    domain::{EventKind, Share, ShareId, UserId},
    error::Error,
};

/// Maximum rows that one change marks, so that it holds the owner's row for a short time.
pub const MARK_SLICE: i64 = 1_000;

/// Before the first share in the order of their ids.
pub const FIRST: ShareId = ShareId(Uuid::nil());

/// The rest to be marked below a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sweep {
    /// Nothing.
    Done,
    /// The next slice, of those after this share.
    More(ShareId),
    /// Shares that cannot be marked: marked already, or invalid rows.
    Stuck,
}

/// The shares of an owner among which ended rows are searched.
#[derive(Clone, Copy, Debug)]
pub enum EndedRows<'a> {
    /// Those to one recipient.
    Recipient(&'a UserId),
    /// Re-shares by one creator.
    Creator(&'a UserId),
    /// Expired shares of the owner.
    Expired,
    /// Those directly below one share, after another of them in the order of their ids: what was marked before need not be
    /// passed over again.
    Below(ShareId, ShareId),
}

/// An open row that may be dead.
struct Candidate {
    id: ShareId,
    ancestors: Vec<ShareId>,
    expires_at: Option<Timestamp>,
}

impl EndedRows<'_> {
    /// Which open rows of owner $1 are candidates at `at`, by $2.
    fn condition(self, at: Timestamp) -> (&'static str, Vec<Value>) {
        match self {
            // A quota bounds how many there are.
            Self::Recipient(recipient) => ("recipient_id = $2", vec![recipient.as_str().into()]),
            Self::Creator(creator) => {
                ("creator_id = $2 AND parent_share_id IS NOT NULL", vec![creator.as_str().into()])
            }
            Self::Expired => ("expires_at IS NOT NULL AND expires_at <= $2 LIMIT 1000", vec![at.utc().into()]),
            Self::Below(share, after) => (
                "parent_share_id = $2 AND parent_share_id IS NOT NULL AND ended_permanently = FALSE AND id > $3
                 ORDER BY id LIMIT 1000",
                vec![share.0.into(), after.0.into()],
            ),
        }
    }
}

impl ShareChange {
    /// Marks the dead rows among `rows` of `owner`, [`MARK_SLICE`] at most, and counts them no longer. The owner's row must be
    /// held: what is read here stands still until it is written. `at`: the earlier of the clocks of this process and of the
    /// database.
    pub async fn mark(&self, owner: &UserId, rows: EndedRows<'_>, at: Timestamp) -> Result<usize, Error> {
        Ok(self.mark_slice(owner, rows, at).await?.0)
    }

    /// As [`mark`](Self::mark), with the last candidate that was considered.
    async fn mark_slice(
        &self,
        owner: &UserId,
        rows: EndedRows<'_>,
        at: Timestamp,
    ) -> Result<(usize, Option<ShareId>), Error> {
        let candidates = self.candidates(owner, rows, at).await?;
        let last = candidates.last().map(|row| row.id);
        let revoked = self.revoked_among(owner, candidates.iter().flat_map(|row| &row.ancestors)).await?;
        let mut expired = Vec::new();
        // By when the share ended that they hang below.
        let mut below: BTreeMap<Timestamp, Vec<ShareId>> = BTreeMap::new();
        let most = usize::try_from(MARK_SLICE).unwrap_or(usize::MAX);
        let mut found = 0;
        for Candidate { id, ancestors, expires_at } in candidates {
            match ancestors.iter().filter_map(|ancestor| revoked.get(ancestor)).min() {
                Some(ended_at) => below.entry(*ended_at).or_default().push(id),
                None if expires_at.is_some_and(|end| end <= at) => expired.push(id),
                None => continue,
            }
            found += 1;
            if found == most {
                break;
            }
        }
        let mut usage = UsageChange::default();
        let mut marked = 0;
        for (ended_at, ids) in below {
            let mut values = vec![owner.as_str().into(), ended_at.utc().into()];
            let ids = parameters(&mut values, &ids);
            let sql = format!(
                "UPDATE shares SET ended_at = $2, ended_permanently = TRUE, sweep_below = {HAS_CHILD}
                 WHERE owner_id = $1 AND ended_at IS NULL AND id IN ({ids}) RETURNING {RETURNED}"
            );
            marked += self.count_ended(&sql, values, &mut usage).await?;
        }
        if !expired.is_empty() {
            let mut values = vec![owner.as_str().into(), at.utc().into()];
            let ids = parameters(&mut values, &expired);
            let sql = format!(
                "UPDATE shares SET ended_at = expires_at
                 WHERE owner_id = $1 AND ended_at IS NULL AND expires_at <= $2 AND id IN ({ids})
                 RETURNING *, {HAS_CHILD} AS has_child"
            );
            marked += self.announce_expired(owner, &sql, values, &mut usage, at).await?;
        }
        self.write_usage(owner, usage).await?;
        Ok((marked, last))
    }

    /// Marks the shares directly below `share`, which has ended permanently, a slice of those after `after`.
    pub async fn sweep(&self, owner: &UserId, share: ShareId, after: ShareId, at: Timestamp) -> Result<Sweep, Error> {
        const EXPIRED_BELOW: &str = "
            SELECT id FROM shares WHERE owner_id = $1 AND parent_share_id = $2 AND parent_share_id IS NOT NULL
                AND ended_permanently = FALSE AND ended_at IS NOT NULL LIMIT $3";
        const DONE: &str = "
            UPDATE shares SET sweep_below = FALSE WHERE owner_id = $1 AND id = $2 AND NOT EXISTS (
                SELECT 1 FROM shares child
                WHERE child.owner_id = $1 AND child.parent_share_id = $2 AND child.parent_share_id IS NOT NULL
                    AND child.ended_permanently = FALSE
            )";
        let (marked, last) = self.mark_slice(owner, EndedRows::Below(share, after), at).await?;
        if let Some(last) = last.filter(|_| marked > 0) {
            return Ok(Sweep::More(last));
        }
        let key = || vec![owner.as_str().into(), share.0.into()];
        // Expired rows are marked already; only now are they permanent.
        let rows = self.query(EXPIRED_BELOW, key().into_iter().chain([MARK_SLICE.into()]).collect()).await?;
        let expired = rows.iter().map(share_id).collect::<Result<Vec<_>, _>>()?;
        if !expired.is_empty() {
            let mut values = vec![owner.as_str().into()];
            let ids = parameters(&mut values, &expired);
            let sql = format!(
                "UPDATE shares SET ended_permanently = TRUE, sweep_below = {HAS_CHILD} WHERE owner_id = $1 AND id IN ({ids})"
            );
            self.execute(&sql, values).await?;
        }
        if self.execute(DONE, key()).await? == 1 {
            Ok(Sweep::Done)
        } else if expired.is_empty() && after == FIRST {
            Ok(Sweep::Stuck)
        } else {
            Ok(Sweep::More(FIRST))
        }
    }

    /// Shares of `owner` that have ended permanently and have shares below that may not be marked; a few of them.
    pub async fn shares_to_sweep(&self, owner: &UserId) -> Result<Vec<ShareId>, Error> {
        const TO_SWEEP: &str = "SELECT id FROM shares WHERE owner_id = $1 AND sweep_below = TRUE LIMIT 10";
        let rows = self.query(TO_SWEEP, vec![owner.as_str().into()]).await?;
        rows.iter().map(share_id).collect()
    }

    async fn candidates(&self, owner: &UserId, rows: EndedRows<'_>, at: Timestamp) -> Result<Vec<Candidate>, Error> {
        let (condition, values) = rows.condition(at);
        let sql = format!(
            "SELECT id, ancestors, expires_at FROM shares
             WHERE owner_id = $1 AND ended_at IS NULL AND {condition}"
        );
        let found = self.query(&sql, [vec![owner.as_str().into()], values].concat()).await?;
        found
            .iter()
            .map(|row| {
                let ancestors: serde_json::Value = row.try_get("", "ancestors").map_err(failed)?;
                let ancestors: Vec<Uuid> =
                    serde_json::from_value(ancestors).map_err(|error| Error::Internal(error.into()))?;
                let expires_at: Option<ChronoDateTimeUtc> = row.try_get("", "expires_at").map_err(failed)?;
                Ok(Candidate {
                    id: share_id(row)?,
                    ancestors: ancestors.into_iter().map(ShareId).collect(),
                    expires_at: expires_at.map(instant).transpose()?,
                })
            })
            .collect()
    }

    /// Which of `shares` were revoked, and when they ended.
    async fn revoked_among<'a>(
        &self,
        owner: &UserId,
        shares: impl Iterator<Item = &'a ShareId>,
    ) -> Result<HashMap<ShareId, Timestamp>, Error> {
        let shares: Vec<_> = shares.copied().collect::<BTreeSet<_>>().into_iter().collect();
        let mut revoked = HashMap::new();
        for slice in shares.chunks(1_000) {
            let mut values = vec![owner.as_str().into()];
            let ids = parameters(&mut values, slice);
            let sql = format!(
                "SELECT id, ended_at FROM shares WHERE owner_id = $1 AND revoked_at IS NOT NULL AND id IN ({ids})"
            );
            for row in self.query(&sql, values).await? {
                let ended_at: ChronoDateTimeUtc = row.try_get("", "ended_at").map_err(failed)?;
                revoked.insert(share_id(&row)?, instant(ended_at)?);
            }
        }
        Ok(revoked)
    }

    /// Runs a statement that marks expired rows, counts them as ended and records their events: each expiry once, since a row is marked
    /// once until it is renewed.
    async fn announce_expired(
        &self,
        owner: &UserId,
        sql: &str,
        values: Vec<Value>,
        usage: &mut UsageChange,
        at: Timestamp,
    ) -> Result<usize, Error> {
        let marked = self.query(sql, values).await?;
        if !marked.is_empty() {
            self.raise_once(owner, at).await?;
        }
        for row in &marked {
            usage.end_row(row)?;
            let share = Share::try_from(Model::from_query_result(row, "").map_err(failed)?)?;
            self.record(EventKind::Expired, &share, row.try_get("", "has_child").map_err(failed)?, at);
        }
        Ok(marked.len())
    }

    /// Runs a statement that marks rows, and counts them as ended.
    async fn count_ended(&self, sql: &str, values: Vec<Value>, usage: &mut UsageChange) -> Result<usize, Error> {
        let marked = self.query(sql, values).await?;
        for row in &marked {
            usage.end_row(row)?;
        }
        Ok(marked.len())
    }
}

fn share_id(row: &QueryResult) -> Result<ShareId, Error> {
    row.try_get("", "id").map(ShareId).map_err(failed)
}

fn instant(timestamp: ChronoDateTimeUtc) -> Result<Timestamp, Error> {
    Timestamp::new(timestamp).map_err(|error| Error::Internal(error.into()))
}

// Searches for work read the shares of all owners; the work itself names one.
impl Store {
    /// Owners with shares that have expired at `at` and are not marked, in the order of expiry, without those of `except`.
    pub async fn owners_with_expired_shares(&self, at: Timestamp, except: &[String]) -> Result<Vec<UserId>, Error> {
        let mut values = vec![at.utc().into(), MARK_SLICE.into()];
        let others = and_none_of(&mut values, "owner_id", except);
        let expired = format!(
            "SELECT DISTINCT owner_id FROM (
                 SELECT owner_id FROM shares
                 WHERE ended_at IS NULL AND expires_at IS NOT NULL AND expires_at <= $1{others} ORDER BY expires_at LIMIT $2
             ) AS expired"
        );
        self.owners(&expired, values).await
    }

    /// Shares that have ended permanently and have shares below that may not be marked, without those of the owners of `except`.
    pub async fn shares_to_sweep(&self, except: &[String]) -> Result<Vec<(UserId, ShareId)>, Error> {
        let mut values = vec![MARK_SLICE.into()];
        let others = and_none_of(&mut values, "owner_id", except);
        let to_sweep =
            format!("SELECT owner_id, id FROM shares WHERE sweep_below = TRUE{others} ORDER BY owner_id, id LIMIT $1");
        self.keys(&to_sweep, values).await
    }

    pub(super) async fn owners(&self, sql: &str, values: Vec<Value>) -> Result<Vec<UserId>, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        rows.iter().map(owner_of).collect()
    }

    pub(super) async fn keys(&self, sql: &str, values: Vec<Value>) -> Result<Vec<(UserId, ShareId)>, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), sql, values);
        let rows = reader.query_all_raw(statement).await.map_err(failed)?;
        rows.iter().map(key_of).collect()
    }
}

/// The owner and the id of a row.
pub(super) fn key_of(row: &QueryResult) -> Result<(UserId, ShareId), Error> {
    Ok((owner_of(row)?, ShareId(row.try_get("", "id").map_err(failed)?)))
}

fn owner_of(row: &QueryResult) -> Result<UserId, Error> {
    let owner: String = row.try_get("", "owner_id").map_err(failed)?;
    UserId::parse(owner).map_err(|error| Error::Internal(error.into()))
}
