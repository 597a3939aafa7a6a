//! Pruning of events past their retention period.

use ::types::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, prelude::ChronoDateTimeUtc};

use super::usage::{DELETE_EMPTY, LOCK_PRUNED, SUBTRACT_PRUNED};
use crate::Database;

/// Changes that one transaction prunes.
const SLICE: i64 = 200;
/// Events that it prunes, but for those of its last change: a change may have thousands.
const MAX_EVENTS: i64 = 5_000;

/// The oldest changes, with the number of their events and the time of the last one.
const OLDEST: &str = "
    SELECT oldest.position, COUNT(e.seq) AS events, MAX(e.occurred_at) AS occurred_at
    FROM (SELECT position, owner_id, version FROM feed ORDER BY position LIMIT $1) AS oldest
    LEFT JOIN events e ON e.owner_id = oldest.owner_id AND e.version = oldest.version
    GROUP BY oldest.position ORDER BY oldest.position";
const DELETE_EVENTS: &str = "
    DELETE FROM events WHERE (owner_id, version) IN (SELECT owner_id, version FROM feed WHERE position <= $1)";

impl Database {
    /// Deletes a slice of the changes that happened before `cutoff`, the oldest first, and returns how many. Positions stay dense: the
    /// first change that is younger ends it.
    pub async fn prune_feed(&self, cutoff: Timestamp) -> Result<usize, DbErr> {
        let mut last = None;
        let (mut pruned, mut events) = (0, 0);
        for row in self.feed_rows(OLDEST, vec![SLICE.into()]).await? {
            let occurred_at: Option<ChronoDateTimeUtc> = row.try_get("", "occurred_at")?;
            if events >= MAX_EVENTS || occurred_at.is_some_and(|at| at >= cutoff.utc()) {
                break;
            }
            events += row.try_get::<i64>("", "events")?;
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
