//! The events of one person's data, newest first.

use sea_orm::{DbErr, Value};

use super::read::{EVENT_COLUMNS, EventRow, FeedPage, PAGE_BYTES};
use crate::{Database, placeholders};

/// A place in the history of a person: an event of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryPosition {
    /// The version that the change made.
    pub version: i64,
    /// The event within the change.
    pub seq: i32,
}

impl EventRow {
    /// Its place in the history of its owner.
    pub fn history_position(&self) -> HistoryPosition {
        HistoryPosition { version: self.version, seq: self.at.seq }
    }
}

impl Database {
    /// Events of `owner`'s data before `before`, but for those of the kinds in `hidden`, the newest first: as many as `limit` and a megabyte allow, and at least one. They have no
    /// position in the feed. The second value: there may be more.
    pub async fn list_history(
        &self,
        owner: &str,
        before: Option<HistoryPosition>,
        hidden: &[&str],
        limit: usize,
    ) -> Result<(Vec<EventRow>, bool), DbErr> {
        let HistoryPosition { version, seq } = before.unwrap_or(HistoryPosition { version: i64::MAX, seq: 0 });
        let mut values: Vec<Value> = vec![owner.into(), version.into(), seq.into()];
        let others = if hidden.is_empty() {
            String::new()
        } else {
            format!(" AND e.kind NOT IN ({})", placeholders(&mut values, hidden, |kind| (*kind).into()))
        };
        let sql = format!(
            "WITH listed AS (
                 SELECT e.owner_id, e.version, e.seq, COALESCE(e.bytes, 0) AS bytes FROM events e
                 WHERE e.owner_id = $1 AND (e.version, e.seq) < ($2, $3){others} ORDER BY e.version DESC, e.seq DESC LIMIT {limit}
             ), page AS (
                 SELECT *, SUM(bytes) OVER (ORDER BY version DESC, seq DESC) - bytes AS bytes_before FROM listed
             )
             SELECT CAST(0 AS BIGINT) AS position, page.owner_id, page.version, page.bytes, {EVENT_COLUMNS}
             FROM page JOIN events e ON e.owner_id = $1 AND e.version = page.version AND e.seq = page.seq
             WHERE page.bytes_before < {PAGE_BYTES} ORDER BY page.version DESC, page.seq DESC"
        );
        let rows = self.feed_rows(&sql, values).await?;
        let FeedPage { events, is_full, .. } = FeedPage::read(&rows, limit)?;
        Ok((events, is_full))
    }
}
