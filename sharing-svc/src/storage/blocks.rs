//! Blocked people: nothing of an owner's data counts for a viewer who blocked them.

use persistence::{Dialect, feed::EventLimit};
use sea_orm::{ConnectionTrait, Statement, Value};
use sea_orm_migration::{
    prelude::{DeriveIden, Index, IndexCreateStatement, Table, TableCreateStatement},
    schema::timestamp_with_time_zone,
};
use types::Timestamp;

use super::{ShareChange, Store, failed};
use crate::{
    domain::{EventKind, UserId},
    error::Error,
};

/// Rows that one statement deletes.
const SLICE: i64 = 1_000;

#[derive(DeriveIden)]
enum Blocks {
    Table,
    OwnerId,
    ViewerId,
    BlockedAt,
}

pub(super) fn table(dialect: Dialect) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(Blocks::Table)
        .col(dialect.person(Blocks::OwnerId))
        .col(dialect.person(Blocks::ViewerId))
        .col(timestamp_with_time_zone(Blocks::BlockedAt))
        .primary_key(Index::create().name("blocks_pk").col(Blocks::OwnerId).col(Blocks::ViewerId));
    dialect.compact(&mut table)
}

pub(super) fn index() -> IndexCreateStatement {
    let mut index = Index::create();
    index.name("blocks_by_viewer").table(Blocks::Table).col(Blocks::ViewerId).col(Blocks::OwnerId);
    index
}

impl Store {
    /// The owners whom `viewer` blocked, after `after`, in the order of their ids.
    pub async fn blocked_by(&self, viewer: &UserId, after: &str, limit: usize) -> Result<Vec<UserId>, Error> {
        const BLOCKED: &str =
            "SELECT owner_id FROM blocks WHERE viewer_id = $1 AND owner_id > $2 ORDER BY owner_id LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.owners(BLOCKED, vec![viewer.as_str().into(), after.into(), limit.into()]).await
    }

    /// How many people `viewer` blocked.
    pub async fn blocks_of(&self, viewer: &UserId) -> Result<i64, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS blocks FROM blocks WHERE viewer_id = $1";
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), COUNT, [viewer.as_str().into()]);
        let row = reader.query_one_raw(statement).await.map_err(failed)?;
        row.map_or(Ok(0), |row| row.try_get("", "blocks")).map_err(failed)
    }

    /// Whether `viewer` blocked `owner`.
    pub async fn is_blocked(&self, owner: &UserId, viewer: &UserId) -> Result<bool, Error> {
        let reader = self.database.reader();
        let statement = Statement::from_sql_and_values(reader.get_database_backend(), BLOCKED, key(owner, viewer));
        Ok(reader.query_one_raw(statement).await.map_err(failed)?.is_some())
    }

    /// Deletes the blocks that `viewer` made; a step of their erasure.
    pub async fn erase_blocks_by(&self, viewer: &UserId) -> Result<(), Error> {
        const ERASE: &str = "
            DELETE FROM blocks WHERE viewer_id = $1
                AND owner_id IN (SELECT owner_id FROM blocks WHERE viewer_id = $1 LIMIT $2)";
        loop {
            let change = self.database.begin(Vec::new()).await.map_err(failed)?;
            let deleted = change.execute(ERASE, vec![viewer.as_str().into(), SLICE.into()]).await.map_err(failed)?;
            change.commit().await.map_err(failed)?;
            if deleted == 0 {
                return Ok(());
            }
        }
    }
}

const BLOCKED: &str = "SELECT 1 AS found FROM blocks WHERE owner_id = $1 AND viewer_id = $2";

fn key(owner: &UserId, viewer: &UserId) -> Vec<Value> {
    vec![owner.as_str().into(), viewer.as_str().into()]
}

impl ShareChange {
    /// Whether `viewer` blocked `owner`.
    pub async fn is_blocked(&self, owner: &UserId, viewer: &UserId) -> Result<bool, Error> {
        Ok(!self.query(BLOCKED, key(owner, viewer)).await?.is_empty())
    }

    /// Blocks `owner` for `viewer`, with an event; returns whether it was not so before.
    pub async fn block(&self, owner: &UserId, viewer: &UserId, now: Timestamp) -> Result<bool, Error> {
        const BLOCK: &str =
            "INSERT INTO blocks (owner_id, viewer_id, blocked_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let mut values = key(owner, viewer);
        values.push(now.utc().into());
        let is_new = self.execute(BLOCK, values).await? == 1;
        if is_new {
            self.record_of_owner(EventKind::Blocked, Some(viewer), Some(viewer), EventLimit::Exempt, now);
        }
        Ok(is_new)
    }

    /// Ends a block, with an event; returns whether there was one.
    pub async fn unblock(&self, owner: &UserId, viewer: &UserId, now: Timestamp) -> Result<bool, Error> {
        const UNBLOCK: &str = "DELETE FROM blocks WHERE owner_id = $1 AND viewer_id = $2";
        let was_blocked = self.execute(UNBLOCK, key(owner, viewer)).await? == 1;
        if was_blocked {
            self.record_of_owner(EventKind::Unblocked, Some(viewer), Some(viewer), EventLimit::Enforced, now);
        }
        Ok(was_blocked)
    }

    /// Deletes a slice of the blocks of `owner`'s data, and returns how many; a step of their erasure.
    pub async fn erase_blocks_of(&self, owner: &UserId) -> Result<u64, Error> {
        const ERASE: &str = "
            DELETE FROM blocks WHERE owner_id = $1
                AND viewer_id IN (SELECT viewer_id FROM blocks WHERE owner_id = $1 LIMIT $2)";
        self.execute(ERASE, vec![owner.as_str().into(), SLICE.into()]).await
    }
}
