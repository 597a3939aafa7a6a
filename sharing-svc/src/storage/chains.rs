//! Shares with the shares above them, read in one statement.

use std::collections::HashMap;

use anyhow::anyhow;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement, Value};
use service::cpu_work::CpuBudget;

use super::{entity::Model, failed, stops::read_stops};
use crate::{
    domain::{
        Share, Stops, UserId,
        access::{Chain, chains},
    },
    error::Error,
};

/// A result, with the owner's version that it was computed from.
#[derive(Debug)]
pub struct Versioned<T> {
    /// The result.
    pub value: T,
    /// The version; `None`: nothing is stored about the owner.
    pub version: Option<i64>,
}

/// Which rows of `shares` count in decisions at $n: those that are not marked as ended, and whose own expiry lies ahead.
/// Ended rows are read as links above others only.
macro_rules! open_at {
    ($time:literal) => {
        concat!("ended_at IS NULL AND (expires_at IS NULL OR expires_at > ", $time, ")")
    };
}
pub(super) use open_at;

/// What a row of a statement is: a leaf, or the version of an owner without one; a share above leaves; the stops of an owner.
const LEAF: i32 = 1;
const LINK: i32 = 0;
const STOPS: i32 = 2;

/// A statement that reads the rows of `leaf`, a query over `shares`, every share above them, each once, and the stops of their owners.
///
/// `owner`: the parameter that names the owner, where the query is about one; without it the owner is that of each row.
pub(super) fn with_links(backend: DbBackend, leaf: &str, owner: Option<&str>) -> String {
    with_links_and(backend, leaf, owner, "")
}

/// As [`with_links`], for a query with an additional column `total`.
pub(super) fn with_links_and_total(backend: DbBackend, leaf: &str) -> String {
    with_links_and(backend, leaf, None, ", CAST(0 AS BIGINT) AS total")
}

/// As [`with_links`], about one owner, with the owner's version: also where there is no leaf.
pub(super) fn with_links_and_version(backend: DbBackend, leaf: &str, owner: &str) -> String {
    let (links, above) = links_and_above(backend, Some(owner));
    let no_share = no_share(owner);
    format!(
        "WITH leaf AS ({leaf})
         SELECT {LEAF} AS part, owner.version AS owner_version, NULL AS stopped_owner, NULL AS owner_stops, leaf.*
         FROM (SELECT 1 AS one) AS one LEFT JOIN owners AS owner ON owner.owner_id = {owner} LEFT JOIN leaf ON TRUE
         UNION ALL
         SELECT {LINK} AS part, CAST(NULL AS BIGINT) AS owner_version, NULL AS stopped_owner, NULL AS owner_stops, above.*
         FROM ({links}) AS link {above}
         UNION ALL
         SELECT {STOPS} AS part, CAST(NULL AS BIGINT) AS owner_version, owner.owner_id AS stopped_owner,
             owner.stops AS owner_stops, none.*
         FROM owners AS owner {no_share} WHERE owner.stops IS NOT NULL AND owner.owner_id = {owner}"
    )
}

/// As [`with_links`], of the leaves of many owners and viewers: `pairs` is a query for those (columns `o` and `v`), and `leaves` joins
/// `pair` with their `leaf`. With the version of each owner, also where there is no leaf.
pub(super) fn with_links_of_pairs(backend: DbBackend, pairs: &str, leaves: &str) -> String {
    // Each pair is one look-up in an index. The leaves as a common table would be searched for each pair.
    let reshares =
        format!("SELECT leaf.owner_id, leaf.ancestors FROM pair JOIN {leaves} WHERE leaf.source = 'reshare'");
    let (links, above) = links_and_above_of(backend, None, &reshares);
    let no_share = no_share("owner.owner_id");
    format!(
        "WITH pair AS ({pairs})
         SELECT {LEAF} AS part, pair.o AS asked_owner,
             (SELECT version FROM owners WHERE owners.owner_id = pair.o) AS owner_version,
             NULL AS stopped_owner, NULL AS owner_stops, leaf.*
         FROM pair LEFT JOIN {leaves}
         UNION ALL
         SELECT {LINK} AS part, NULL AS asked_owner, CAST(NULL AS BIGINT) AS owner_version,
             NULL AS stopped_owner, NULL AS owner_stops, above.*
         FROM ({links}) AS link {above}
         UNION ALL
         SELECT {STOPS} AS part, NULL AS asked_owner, CAST(NULL AS BIGINT) AS owner_version,
             owner.owner_id AS stopped_owner, owner.stops AS owner_stops, none.*
         FROM owners AS owner {no_share} WHERE owner.stops IS NOT NULL AND owner.owner_id IN (SELECT o FROM pair)"
    )
}

fn with_links_and(backend: DbBackend, leaf: &str, owner: Option<&str>, more_columns: &str) -> String {
    let (links, above) = links_and_above(backend, owner);
    let no_share = no_share(owner.unwrap_or("owner.owner_id"));
    let of_owner = owner.map_or_else(|| "IN (SELECT owner_id FROM leaf)".to_owned(), |owner| format!("= {owner}"));
    format!(
        "WITH leaf AS ({leaf}) SELECT leaf.*, NULL AS stopped_owner, NULL AS owner_stops, {LEAF} AS part FROM leaf
         UNION ALL
         SELECT above.*{more_columns}, NULL AS stopped_owner, NULL AS owner_stops, {LINK} AS part
         FROM ({links}) AS link {above}
         UNION ALL
         SELECT none.*{more_columns}, owner.owner_id AS stopped_owner, owner.stops AS owner_stops, {STOPS} AS part
         FROM owners AS owner {no_share} WHERE owner.stops IS NOT NULL AND owner.owner_id {of_owner}"
    )
}

/// In place of the columns of a share, in a row with the stops of an owner.
fn no_share(owner: &str) -> String {
    format!("LEFT JOIN shares AS none ON FALSE AND none.owner_id = {owner}")
}

/// The ids of the shares above the rows of `leaf`, and the join that reads them as `above`.
fn links_and_above(backend: DbBackend, owner: Option<&str>) -> (String, String) {
    links_and_above_of(backend, owner, "SELECT * FROM leaf WHERE parent_share_id IS NOT NULL")
}

/// The same above the rows of `reshares`.
fn links_and_above_of(backend: DbBackend, owner: Option<&str>, reshares: &str) -> (String, String) {
    let (columns, above_owner) = match owner {
        Some(owner) => ("", owner),
        None => ("owner_id, ", "link.owner_id"),
    };
    // Many shares hang below few: of equal lists one is looked at. Each link is one look-up by its key. The planner of
    // PostgreSQL, which takes a list of unknown length for one of 100 entries, would rather read all shares of the owner.
    let links = match backend {
        DbBackend::Postgres => format!(
            "SELECT DISTINCT {columns}id
             FROM (SELECT DISTINCT {columns}CAST(ancestors AS text) AS ancestors FROM ({reshares}) AS reshare) AS chain
             CROSS JOIN LATERAL (
                 SELECT CAST(value AS uuid) AS id FROM json_array_elements_text(CAST(ancestors AS json))
             ) AS element"
        ),
        DbBackend::Sqlite | _ => format!(
            "SELECT DISTINCT {columns}unhex(value) AS id
             FROM (SELECT DISTINCT {columns}ancestors FROM ({reshares}) AS reshare) AS chain,
                 json_each(chain.ancestors)"
        ),
    };
    let above = match backend {
        DbBackend::Postgres => format!(
            "CROSS JOIN LATERAL (
                 SELECT * FROM shares above WHERE above.owner_id = {above_owner} AND above.id = link.id OFFSET 0
             ) AS above"
        ),
        DbBackend::Sqlite | _ => {
            format!("JOIN shares above ON above.owner_id = {above_owner} AND above.id = link.id")
        }
    };
    (links, above)
}

/// Up to this cost rows are decoded in less than a millisecond.
const INLINE_COST: i64 = 100;
/// So many ids cost as much as a row.
const IDS_OF_A_ROW: i64 = 50;

/// Reads the chains of the leaves of a statement of [`with_links`], within a change: it waits for no permit.
pub(super) async fn read_chains_inline(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Chain>, Error> {
    chains_in(&query(connection, sql, values).await?)
}

/// Reads the chains of the leaves of a statement of [`with_links`].
pub(super) async fn read_chains(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
    cpu: &mut CpuBudget,
) -> Result<Vec<Chain>, Error> {
    let rows = query_within(connection, sql, values, cpu).await?;
    cpu.run(|| chains_in(&rows))
}

/// As [`read_chains`], of a statement of [`with_links_and_total`]. `None`: there is no leaf, and so no total.
pub(super) async fn read_chains_and_total(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
    cpu: &mut CpuBudget,
) -> Result<(Vec<Chain>, Option<i64>), Error> {
    let rows = query_within(connection, sql, values, cpu).await?;
    let total = rows.first().map(|row| row.try_get("", "total")).transpose().map_err(failed)?;
    Ok((cpu.run(|| chains_in(&rows))?, total))
}

/// Reads the chains and the version of a statement of [`with_links_and_version`].
pub(super) async fn read_chains_and_version(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
    cpu: &mut CpuBudget,
) -> Result<Versioned<Vec<Chain>>, Error> {
    let rows = query_within(connection, sql, values, cpu).await?;
    let version = rows.first().map(|row| row.try_get("", "owner_version")).transpose().map_err(failed)?;
    Ok(Versioned { value: cpu.run(|| chains_in(&rows))?, version: version.flatten() })
}

/// Reads the chains of a statement of [`with_links_of_pairs`], and the versions of the owners.
pub(super) async fn read_chains_and_versions(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
    cpu: &mut CpuBudget,
) -> Result<(Vec<Chain>, HashMap<UserId, i64>), Error> {
    let rows = query_within(connection, sql, values, cpu).await?;
    let mut versions = HashMap::new();
    for row in &rows {
        let version: Option<i64> = row.try_get("", "owner_version").map_err(failed)?;
        if let Some(version) = version {
            let owner: String = row.try_get("", "asked_owner").map_err(failed)?;
            versions.insert(UserId::parse(owner).map_err(|error| Error::Internal(error.into()))?, version);
        }
    }
    Ok((cpu.run(|| chains_in(&rows))?, versions))
}

/// The rows of a statement; with a permit if they are costly to decode. Rows that were read before a wait for it are read again: a
/// share may have been revoked meanwhile.
async fn query_within(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
    cpu: &mut CpuBudget,
) -> Result<Vec<QueryResult>, Error> {
    let rows = query(connection, sql, values.clone()).await?;
    if cost(&rows)? > INLINE_COST && cpu.acquire().await? {
        return query(connection, sql, values).await;
    }
    Ok(rows)
}

fn cost(rows: &[QueryResult]) -> Result<i64, Error> {
    let mut ids = 0;
    for row in rows {
        // Where there is no leaf, the row has a version only.
        ids += row.try_get::<Option<i64>>("", "id_count").map_err(failed)?.unwrap_or_default();
    }
    Ok(i64::try_from(rows.len()).unwrap_or(i64::MAX).saturating_add(ids / IDS_OF_A_ROW))
}

async fn query(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_all_raw(statement).await.map_err(failed)
}

/// The chains of the leaves, with the stops of their owners applied.
fn chains_in(rows: &[QueryResult]) -> Result<Vec<Chain>, Error> {
    let (mut leaves, mut links) = (Vec::new(), Vec::new());
    let mut stops: HashMap<UserId, Stops> = HashMap::new();
    for row in rows {
        let part: i32 = row.try_get("", "part").map_err(failed)?;
        if part == STOPS {
            let owner: String = row.try_get("", "stopped_owner").map_err(failed)?;
            let owner = UserId::parse(owner).map_err(|error| Error::Internal(error.into()))?;
            let stored: Option<String> = row.try_get("", "owner_stops").map_err(failed)?;
            let of_owner = read_stops(&owner, stored.as_deref())?;
            stops.insert(owner, of_owner);
            continue;
        }
        // Where there is no leaf, the row has a version only.
        if row.try_get::<Option<String>>("", "owner_id").map_err(failed)?.is_none() {
            continue;
        }
        let share: Share = Model::from_query_result(row, "").map_err(failed)?.try_into()?;
        if part == LEAF { leaves.push(share) } else { links.push(share) }
    }
    if !stops.is_empty() {
        for share in leaves.iter_mut().chain(&mut links) {
            if let Some(stops) = stops.get(&share.owner) {
                stops.apply(share);
            }
        }
    }
    chains(leaves, links).map_err(|broken| Error::Internal(anyhow!(broken)))
}
