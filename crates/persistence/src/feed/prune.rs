//! Pruning of events past their retention period.

use ::types::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, prelude::ChronoDateTimeUtc};

use super::usage::{DELETE_EMPTY, LOCK_PRUNED, SUBTRACT_PRUNED};
use crate::Database;

/// Changes that one transaction prunes.
const SLICE: i64 = 1_000;

/// The oldest changes, with the time of their last event.
const OLDEST: &str = "
    SELECT feed.position, (
        SELECT MAX(e.occurred_at) FROM events e WHERE e.owner_id = feed.owner_id AND e.version = feed.version
    ) AS occurred_at
    FROM feed ORDER BY feed.position LIMIT $1";
const DELETE_EVENTS: &str = "
    DELETE FROM events WHERE (owner_id, version) IN (SELECT owner_id, version FROM feed WHERE position <= $1)";

impl Database {
    /// Deletes a slice of the changes that happened before `cutoff`, the oldest first, and returns how many. Positions stay dense: the
    /// first change that is younger ends it.
    pub async fn prune_feed(&self, cutoff: Timestamp) -> Result<usize, DbErr> {
        let mut last = None;
        let mut pruned = 0;
        for row in self.feed_rows(OLDEST, vec![SLICE.into()]).await? {
            let occurred_at: Option<ChronoDateTimeUtc> = row.try_get("", "occurred_at")?;
            if occurred_at.is_some_and(|at| at >= cutoff.utc()) {
                break;
            }
            last = Some(row.try_get::<i64>("", "position")?);
            pruned += 1;
        }
        let Some(last) = last else { return Ok(0) };
        let change = self.begin(Vec::new()).await?;
        let lock = match change.connection().get_database_backend() {
            DbBackend::Postgres => "SELECT pruned_to FROM feed_state WHERE id = 1 FOR UPDATE",
            DbBackend::Sqlite | _ => "SELECT pruned_to FROM feed_state WHERE id = 1",
        };
        let rows = change.query(lock, Vec::new()).await?;
        let pruned_to: i64 = rows.first().map_or(Ok(0), |row| row.try_get("", "pruned_to"))?;
        if pruned_to >= last {
            // Another replica was first.
            return Ok(0);
        }
        change.execute("UPDATE feed_state SET pruned_to = $1 WHERE id = 1", vec![last.into()]).await?;
        if change.connection().get_database_backend() == DbBackend::Postgres {
            change.query(LOCK_PRUNED, vec![last.into()]).await?;
        }
        for sql in [SUBTRACT_PRUNED, DELETE_EMPTY, DELETE_EVENTS] {
            change.execute(sql, vec![last.into()]).await?;
        }
        change.execute("DELETE FROM feed WHERE position <= $1", vec![last.into()]).await?;
        change.commit().await?;
        Ok(pruned)
    }
}
