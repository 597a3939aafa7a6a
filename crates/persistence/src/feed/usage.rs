//! Bytes of the events of one creator in one person's feed: counted when events are written, and again when they are pruned.

use std::collections::BTreeMap;

use sea_orm::{DbErr, QueryResult, Value};
use sea_orm_migration::prelude::{ColumnDef, DeriveIden, Index, IndexCreateStatement, Table, TableCreateStatement};

use crate::Dialect;

/// Bytes of the columns of an event whose length is fixed, and of its index entries, roughly.
const ROW_BYTES: usize = 300;

#[derive(DeriveIden)]
enum EventUsage {
    Table,
    OwnerId,
    CreatorId,
    Bytes,
}

/// Bytes by creator; the empty creator is the owner.
#[derive(Debug, Default)]
pub(super) struct EventBytes(BTreeMap<String, i64>);

/// The table. The empty creator is the owner.
pub(super) fn table(dialect: Dialect) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(EventUsage::Table)
        .col(dialect.person(EventUsage::OwnerId))
        .col(dialect.person(EventUsage::CreatorId))
        .col(ColumnDef::new(EventUsage::Bytes).big_integer().not_null())
        .primary_key(Index::create().name("event_usage_pk").col(EventUsage::OwnerId).col(EventUsage::CreatorId));
    dialect.compact(&mut table)
}

/// For erasure.
pub(super) fn index() -> IndexCreateStatement {
    Index::create().name("event_usage_by_creator").table(EventUsage::Table).col(EventUsage::CreatorId).to_owned()
}

/// The bytes that an event with these texts takes.
pub(super) fn bytes_of<'a>(texts: impl IntoIterator<Item = &'a str>) -> i64 {
    let bytes = texts.into_iter().map(str::len).sum::<usize>() + ROW_BYTES;
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

impl EventBytes {
    pub(super) fn add(&mut self, creator: &str, bytes: i64) {
        *self.0.entry(creator.to_owned()).or_default() += bytes;
    }

    /// The statement that counts them. It returns a row for each creator, for [`read`]. `after`: a term of the same statement with one row,
    /// which is executed first.
    pub(super) fn statement(&self, owner: &str, after: Option<&str>) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = vec![owner.into()];
        let mut rows = Vec::with_capacity(self.0.len());
        for (creator, bytes) in &self.0 {
            values.extend([creator.as_str().into(), (*bytes).into()]);
            rows.push(format!("$1, ${}, ${}", values.len() - 1, values.len()));
        }
        let rows = match after {
            Some(term) => {
                let rows: Vec<_> = rows.iter().map(|row| format!("SELECT {row} FROM {term}")).collect();
                rows.join(" UNION ALL ")
            }
            None => format!("VALUES ({})", rows.join("), (")),
        };
        let sql = format!(
            "INSERT INTO event_usage (owner_id, creator_id, bytes) {rows}
             ON CONFLICT (owner_id, creator_id) DO UPDATE SET bytes = event_usage.bytes + excluded.bytes
             RETURNING creator_id AS event_creator, bytes AS event_bytes"
        );
        (sql, values)
    }
}

/// The creator, and the bytes of all their events.
pub(super) fn read(row: &QueryResult) -> Result<(String, i64), DbErr> {
    Ok((row.try_get("", "event_creator")?, row.try_get("", "event_bytes")?))
}

/// Locks the counters of the changes up to position $1 on PostgreSQL, in the order in which changes lock them.
pub(super) const LOCK_PRUNED: &str = "
    SELECT 1 FROM event_usage WHERE (owner_id, creator_id) IN (
        SELECT e.owner_id, COALESCE(e.creator_id, '') FROM events e
        JOIN feed ON feed.owner_id = e.owner_id AND feed.version = e.version WHERE feed.position <= $1
    ) ORDER BY owner_id, creator_id FOR UPDATE";

/// Subtracts the events of the changes up to position $1.
pub(super) const SUBTRACT_PRUNED: &str = "
    UPDATE event_usage SET bytes = event_usage.bytes - pruned.bytes FROM (
        SELECT e.owner_id, COALESCE(e.creator_id, '') AS creator_id, CAST(SUM(e.bytes) AS BIGINT) AS bytes FROM events e
        JOIN feed ON feed.owner_id = e.owner_id AND feed.version = e.version WHERE feed.position <= $1
        GROUP BY e.owner_id, COALESCE(e.creator_id, '')
    ) AS pruned
    WHERE event_usage.owner_id = pruned.owner_id AND event_usage.creator_id = pruned.creator_id";

/// Deletes the counters that are back at nothing, of the changes up to position $1.
pub(super) const DELETE_EMPTY: &str = "
    DELETE FROM event_usage WHERE bytes <= 0 AND owner_id IN (SELECT owner_id FROM feed WHERE position <= $1)";
