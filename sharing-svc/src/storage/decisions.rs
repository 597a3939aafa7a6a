//! Reads of decisions: the shares between an owner and others. Each statement names the owner for every table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use service::cpu_work::CpuBudget;
use types::Timestamp;

use super::{
    Store,
    chains::{
        Versioned, open_at, read_chains, read_chains_and_version, read_chains_and_versions, with_links,
        with_links_and_version, with_links_of_pairs,
    },
    change::OWNERS,
    failed,
};
use crate::{
    domain::{UserId, access::Chain},
    error::Error,
};

/// Ended shares between two people that an explanation considers.
pub const ENDED_SHARES_EXPLAINED: i64 = 100;

/// The open shares from $1 to $2 at $3, unless $2 blocked $1.
const OPEN_BETWEEN: &str = concat!(
    "SELECT * FROM shares WHERE owner_id = $1 AND recipient_id = $2 AND ",
    open_at!("$3"),
    " AND NOT EXISTS (SELECT 1 FROM blocks AS block WHERE block.owner_id = $1 AND block.viewer_id = $2)"
);

/// Joins the owners and viewers of `pair` with their open shares at $2, unless the viewer blocked the owner.
const OPEN_OF_PAIRS: &str = "
    shares AS leaf ON leaf.owner_id = pair.o AND leaf.recipient_id = pair.v AND leaf.ended_at IS NULL
        AND (leaf.expires_at IS NULL OR leaf.expires_at > $2) AND NOT pair.is_blocked";

/// The next $4 people after $2 who share something with $1 at $3 and whom $1 did not block, with the number of their open shares.
const OWNERS_OF: &str = concat!(
    "SELECT owner_id, COUNT(*) AS shares, CAST(SUM(id_bytes) AS BIGINT) AS id_bytes FROM shares
     WHERE recipient_id = $1 AND owner_id > $2 AND ",
    open_at!("$3"),
    " AND NOT EXISTS (SELECT 1 FROM blocks AS block WHERE block.owner_id = shares.owner_id AND block.viewer_id = $1)
     GROUP BY owner_id ORDER BY owner_id LIMIT $4"
);

/// The open shares to $1 at $4 of the people after $2, up to $3.
const OPEN_FROM_RANGE: &str = concat!(
    "SELECT * FROM shares WHERE recipient_id = $1 AND owner_id > $2 AND owner_id <= $3 AND ",
    open_at!("$4"),
    " AND NOT EXISTS (SELECT 1 FROM blocks AS block WHERE block.owner_id = shares.owner_id AND block.viewer_id = $1)"
);

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
/// The same, without those who blocked $1.
const OPEN_TO_UNBLOCKED_RANGE: &str = concat!(
    "SELECT * FROM shares WHERE owner_id = $1 AND recipient_id > $2 AND recipient_id <= $3 AND ",
    open_at!("$4"),
    " AND NOT EXISTS (SELECT 1 FROM blocks AS block WHERE block.owner_id = $1 AND block.viewer_id = shares.recipient_id)"
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

/// Whether the shares to people who blocked the owner are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// They are: to the owner they look ordinary.
    Included,
    /// They are not: no decision counts them.
    LeftOut,
}

/// The shares of one owner to a range of recipients, sorted by id.
#[derive(Debug)]
pub struct RecipientRange {
    /// Open shares to these recipients; no recipient is split over ranges.
    pub chains: Vec<Chain>,
    /// The last recipient of the range; `None`: this range is the last.
    pub next_after: Option<String>,
}

/// An owner, and a person with whom they may share something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OwnerAndViewer {
    /// The owner.
    pub owner: UserId,
    /// The viewer.
    pub viewer: UserId,
}

/// The open shares between many people.
#[derive(Debug)]
pub struct ChainsOf {
    /// By owner and viewer.
    pub chains: BTreeMap<OwnerAndViewer, Vec<Chain>>,
    /// The versions of the owners about whom something is stored.
    pub versions: HashMap<UserId, i64>,
}

/// The shares of a range of owners to one viewer.
#[derive(Debug)]
pub struct OwnerRange {
    /// Open shares of these owners; no owner is split over ranges.
    pub chains: Vec<Chain>,
    /// The last owner of the range; `None`: this range is the last.
    pub next_after: Option<String>,
}

impl Store {
    /// The open shares from `owner` to `viewer`, each with those above it, in whatever state these are. One statement.
    pub async fn open_chains(
        &self,
        owner: &UserId,
        viewer: &UserId,
        now: Timestamp,
        cpu: &mut CpuBudget,
    ) -> Result<Versioned<Vec<Chain>>, Error> {
        let reader = self.database.reader();
        let sql = with_links_and_version(reader.get_database_backend(), OPEN_BETWEEN, "$1");
        let values = vec![owner.as_str().into(), viewer.as_str().into(), now.utc().into()];
        read_chains_and_version(reader, &sql, values, cpu).await
    }

    /// The same for many owners and viewers. One statement.
    pub async fn open_chains_of(
        &self,
        pairs: &BTreeSet<OwnerAndViewer>,
        now: Timestamp,
        cpu: &mut CpuBudget,
    ) -> Result<ChainsOf, Error> {
        let reader = self.database.reader();
        let backend = reader.get_database_backend();
        let list: serde_json::Value =
            pairs.iter().map(|pair| serde_json::json!({"o": pair.owner.as_str(), "v": pair.viewer.as_str()})).collect();
        let parsed = match backend {
            DbBackend::Postgres => "SELECT o, v FROM json_to_recordset(CAST($1 AS json)) AS list(o text, v text)",
            DbBackend::Sqlite | _ => {
                "SELECT json_extract(value, '$.o') AS o, json_extract(value, '$.v') AS v FROM json_each($1)"
            }
        };
        let parsed = format!(
            "SELECT o, v, EXISTS (SELECT 1 FROM blocks WHERE blocks.owner_id = o AND blocks.viewer_id = v) AS is_blocked
             FROM ({parsed}) AS listed"
        );
        let sql = with_links_of_pairs(backend, &parsed, OPEN_OF_PAIRS);
        let values = vec![list.to_string().into(), now.utc().into()];
        let (chains, versions) = read_chains_and_versions(reader, &sql, values, cpu).await?;
        let mut of_pairs: BTreeMap<OwnerAndViewer, Vec<Chain>> = BTreeMap::new();
        for chain in chains {
            let share = chain.share();
            let pair = OwnerAndViewer { owner: share.owner.clone(), viewer: share.recipient.clone() };
            of_pairs.entry(pair).or_default().push(chain);
        }
        Ok(ChainsOf { chains: of_pairs, versions })
    }

    /// The owner's version; `None`: nothing is stored about them.
    pub async fn owner_version(&self, owner: &str) -> Result<Option<i64>, Error> {
        OWNERS.version(self.database.reader(), owner).await.map_err(failed)
    }

    /// The open shares to `viewer` of the owners after `after`, as many owners as `budget` allows and at least one.
    pub async fn open_chains_from_range(
        &self,
        viewer: &UserId,
        after: &str,
        budget: ReadBudget,
        now: Timestamp,
        cpu: &mut CpuBudget,
    ) -> Result<OwnerRange, Error> {
        let reader = self.database.reader();
        let backend = reader.get_database_backend();
        let values: Vec<Value> =
            vec![viewer.as_str().into(), after.into(), now.utc().into(), (budget.recipients + 1).into()];
        let rows = reader.query_all_raw(Statement::from_sql_and_values(backend, OWNERS_OF, values)).await;
        let rows = rows.map_err(failed)?;
        let mut last: Option<String> = None;
        let (mut shares, mut id_bytes, mut taken) = (0_i64, 0_i64, 0);
        for row in &rows {
            shares += row.try_get::<i64>("", "shares").map_err(failed)?;
            id_bytes += row.try_get::<i64>("", "id_bytes").map_err(failed)?;
            let is_within = shares <= budget.shares && id_bytes <= budget.id_bytes && taken < budget.recipients;
            if last.is_some() && !is_within {
                break;
            }
            last = Some(row.try_get("", "owner_id").map_err(failed)?);
            taken += 1;
        }
        let Some(last) = last else { return Ok(OwnerRange { chains: Vec::new(), next_after: None }) };
        let sql = with_links(backend, OPEN_FROM_RANGE, None);
        let values = vec![viewer.as_str().into(), after.into(), last.as_str().into(), now.utc().into()];
        let chains = read_chains(reader, &sql, values, cpu).await?;
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) == taken;
        Ok(OwnerRange { chains, next_after: (!is_last).then_some(last) })
    }

    /// All shares from `owner` to `viewer`, each with those above it; of those that have ended the last
    /// [`ENDED_SHARES_EXPLAINED`].
    pub async fn all_chains(
        &self,
        owner: &UserId,
        viewer: &UserId,
        cpu: &mut CpuBudget,
    ) -> Result<Versioned<Vec<Chain>>, Error> {
        let reader = self.database.reader();
        let sql = with_links_and_version(reader.get_database_backend(), ALL_BETWEEN, "$1");
        let values = vec![owner.as_str().into(), viewer.as_str().into(), ENDED_SHARES_EXPLAINED.into()];
        read_chains_and_version(reader, &sql, values, cpu).await
    }

    /// The open shares of `owner` to the recipients after `after`, as many recipients as `budget` allows and at least one. `blocked`: whether
    /// those to people who blocked the owner are among them.
    pub async fn open_chains_to_range(
        &self,
        owner: &UserId,
        after: &str,
        blocked: Blocked,
        budget: ReadBudget,
        now: Timestamp,
        cpu: &mut CpuBudget,
    ) -> Result<Versioned<RecipientRange>, Error> {
        // Read first: what follows is at least as new.
        let version = self.owner_version(owner.as_str()).await?;
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
        let Some(last) = last else {
            return Ok(Versioned { value: RecipientRange { chains: Vec::new(), next_after: None }, version });
        };
        let range = match blocked {
            Blocked::Included => OPEN_TO_RANGE,
            Blocked::LeftOut => OPEN_TO_UNBLOCKED_RANGE,
        };
        let sql = with_links(backend, range, Some("$1"));
        let values = vec![owner.as_str().into(), after.into(), last.as_str().into(), now.utc().into()];
        let chains = read_chains(reader, &sql, values, cpu).await?;
        let is_last = i64::try_from(rows.len()).unwrap_or(i64::MAX) == taken;
        Ok(Versioned { value: RecipientRange { chains, next_after: (!is_last).then_some(last) }, version })
    }
}
