//! Shares with the shares above them, read in one statement.

use anyhow::anyhow;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, QueryResult, Statement, Value};

use super::{entity::Model, failed};
use crate::{
    domain::{
        Share,
        access::{Chain, chains},
    },
    error::Error,
};

/// Which rows of `shares` count in decisions at $n: those that are not marked as ended, and whose own expiry lies ahead.
/// Ended rows are read as links above others only.
macro_rules! open_at {
    ($time:literal) => {
        concat!("ended_at IS NULL AND (expires_at IS NULL OR expires_at > ", $time, ")")
    };
}
pub(super) use open_at;

/// A statement that reads the rows of `leaf`, a query over `shares`, and every share above them, each once.
///
/// `owner`: the parameter that names the owner, where the query is about one; without it the owner is that of each row.
pub(super) fn with_links(backend: DbBackend, leaf: &str, owner: Option<&str>) -> String {
    with_links_and(backend, leaf, owner, "")
}

/// As [`with_links`], for a query with an additional column `total`.
pub(super) fn with_links_and_total(backend: DbBackend, leaf: &str) -> String {
    with_links_and(backend, leaf, None, ", CAST(0 AS BIGINT) AS total")
}

fn with_links_and(backend: DbBackend, leaf: &str, owner: Option<&str>, more_columns: &str) -> String {
    let (columns, above_owner) = match owner {
        Some(owner) => ("", owner),
        None => ("owner_id, ", "link.owner_id"),
    };
    // Many shares hang below few: of equal lists one is looked at. Each link is one look-up by its key. The planner of
    // PostgreSQL, which takes a list of unknown length for one of 100 entries, would rather read all shares of the owner.
    let links = match backend {
        DbBackend::Postgres => format!(
            "SELECT DISTINCT {columns}id
             FROM (SELECT DISTINCT {columns}CAST(ancestors AS text) AS ancestors FROM leaf WHERE parent_share_id IS NOT NULL)
                 AS chain
             CROSS JOIN LATERAL (
                 SELECT CAST(value AS uuid) AS id FROM json_array_elements_text(CAST(ancestors AS json))
             ) AS element"
        ),
        DbBackend::Sqlite | _ => format!(
            "SELECT DISTINCT {columns}unhex(value) AS id
             FROM (SELECT DISTINCT {columns}ancestors FROM leaf WHERE parent_share_id IS NOT NULL) AS chain,
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
    format!(
        "WITH leaf AS ({leaf}) SELECT leaf.*, 1 AS is_leaf FROM leaf
         UNION ALL
         SELECT above.*{more_columns}, 0 AS is_leaf FROM ({links}) AS link {above}"
    )
}

/// Reads the chains of the leaves of a statement of [`with_links`].
pub(super) async fn read_chains(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Chain>, Error> {
    chains_in(&query(connection, sql, values).await?)
}

/// As [`read_chains`], of a statement of [`with_links_and_total`]. `None`: there is no leaf, and so no total.
pub(super) async fn read_chains_and_total(
    connection: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<(Vec<Chain>, Option<i64>), Error> {
    let rows = query(connection, sql, values).await?;
    let total = rows.first().map(|row| row.try_get("", "total")).transpose().map_err(failed)?;
    Ok((chains_in(&rows)?, total))
}

async fn query(connection: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Error> {
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.query_all_raw(statement).await.map_err(failed)
}

/// Leaves first.
fn chains_in(rows: &[QueryResult]) -> Result<Vec<Chain>, Error> {
    let (mut leaves, mut links) = (Vec::new(), Vec::new());
    for row in rows {
        let is_leaf: i32 = row.try_get("", "is_leaf").map_err(failed)?;
        let share: Share = Model::from_query_result(row, "").map_err(failed)?.try_into()?;
        if is_leaf == 1 { leaves.push(share) } else { links.push(share) }
    }
    chains(leaves, links).map_err(|broken| Error::Internal(anyhow!(broken)))
}
