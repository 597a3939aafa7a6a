//! Reads of the feed, in the order of its positions.

use std::time::Duration;

use ::types::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value, prelude::ChronoDateTimeUtc};
use tokio::time::{Instant, sleep};

use super::Epoch;
use crate::{Database, placeholders};

/// A place in the feed: a change, and an event within it. The first change has the position 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FeedPosition {
    /// The position of the change.
    pub position: i64,
    /// The event within the change.
    pub seq: i32,
}

/// Bytes of rows after their changes that one page holds; the last event may exceed it. With the rows before, a page takes about twice
/// as much.
pub(super) const PAGE_BYTES: i64 = 1024 * 1024;

/// How often a reader looks whether the sequencer has moved the changes that it waits for.
const SEQUENCER_INTERVAL: Duration = Duration::from_millis(10);

/// After the last event of a change.
pub const END_OF_CHANGE: i32 = i32::MAX;

/// A committed event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRow {
    /// Its place in the feed.
    pub at: FeedPosition,
    /// The person whose data changed.
    pub owner: String,
    /// The version of the person's data that the change made.
    pub version: i64,
    /// The kind of event.
    pub kind: String,
    /// The kind of row.
    pub subject: String,
    /// The id of the row.
    pub row: String,
    /// The other party.
    pub other: Option<String>,
    /// Rows hang below this one.
    pub has_reshares: bool,
    /// The actor.
    pub actor: String,
    /// The request.
    pub request_id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The row after the event before this one; `None`: it was created, or that event is pruned.
    pub before: Option<serde_json::Value>,
    /// The row after the change; `None`: it is gone.
    pub after: Option<serde_json::Value>,
    /// The size of the two rows.
    pub bytes: usize,
}

/// Events in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedPage {
    /// The events. A change whose events were erased has none.
    pub events: Vec<EventRow>,
    /// The place after which to go on: of the last change that was read.
    pub last: FeedPosition,
    /// There may be more.
    pub is_full: bool,
}

/// The state of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedState {
    /// The current epoch.
    pub epoch: Epoch,
    /// The last position.
    pub last: i64,
    /// Changes up to this position were pruned.
    pub pruned_to: i64,
    /// Events before this one may have been erased.
    pub resumable_from: FeedPosition,
}

impl FeedState {
    /// Whether a reader at this place misses nothing by going on.
    pub fn is_resumable(&self, at: FeedPosition) -> bool {
        // The rest of a change that was pruned is gone too.
        at >= FeedPosition { position: self.pruned_to, seq: END_OF_CHANGE } && at >= self.resumable_from
    }
}

/// The columns of an event `e`, and of the row before it.
pub(super) const EVENT_COLUMNS: &str = "
    e.seq, e.kind, e.subject, e.row_id, e.other_id, e.has_reshares, COALESCE(e.actor_id, 'user:' || e.owner_id) AS actor_id,
    e.request_id, e.occurred_at, e.after_row,
    (SELECT b.after_row FROM events b
     WHERE b.owner_id = e.owner_id AND b.row_id = e.row_id AND (b.version, b.seq) < (e.version, e.seq)
     ORDER BY b.version DESC, b.seq DESC LIMIT 1) AS before_row";

/// The rows of a page: what `listed` selects, as `from` and `where` over `feed` and its events `e`, in order, up to `limit` rows and
/// [`PAGE_BYTES`] of their rows after the change; at least one row. Each has the row before.
pub(super) fn page_query(listed: &str, limit: usize) -> String {
    // Limited first: SQLite computes the sum over all rows.
    format!(
        "WITH listed AS (
             SELECT feed.position, feed.owner_id, feed.version, e.seq, COALESCE(e.bytes, 0) AS bytes {listed}
             ORDER BY feed.position, e.seq LIMIT {limit}
         ), page AS (
             SELECT *, SUM(bytes) OVER (ORDER BY position, seq) - bytes AS bytes_before FROM listed
         )
         SELECT page.position, page.owner_id, page.version, page.bytes, {EVENT_COLUMNS}
         FROM page LEFT JOIN events e ON e.owner_id = page.owner_id AND e.version = page.version AND e.seq = page.seq
         WHERE page.bytes_before < {PAGE_BYTES} ORDER BY page.position, page.seq"
    )
}

impl Database {
    /// The state of the feed.
    pub async fn feed_state(&self) -> Result<FeedState, DbErr> {
        const STATE: &str = "
            SELECT epoch, pruned_to, resumable_from, resumable_seq, COALESCE((SELECT MAX(position) FROM feed), pruned_to) AS last
            FROM feed_state WHERE id = 1";
        let rows = self.feed_rows(STATE, Vec::new()).await?;
        let row = rows.first().ok_or_else(|| DbErr::RecordNotFound("the state of the feed".to_owned()))?;
        Ok(FeedState {
            epoch: Epoch::parse(&row.try_get::<String>("", "epoch")?)?,
            last: row.try_get("", "last")?,
            pruned_to: row.try_get("", "pruned_to")?,
            resumable_from: FeedPosition {
                position: row.try_get("", "resumable_from")?,
                seq: row.try_get("", "resumable_seq")?,
            },
        })
    }

    /// A position that no change exceeds that was committed before the call. Waits for up to `timeout` until the sequencer has given
    /// those changes their positions.
    pub async fn last_position_of_committed(&self, timeout: Duration) -> Result<i64, DbErr> {
        const NEWEST: &str = "SELECT MAX(n) AS n FROM pending";
        const IS_PENDING: &str = "SELECT n FROM pending WHERE n <= $1 ORDER BY n LIMIT 1";
        if self.reader.get_database_backend() == DbBackend::Postgres {
            let rows = self.feed_rows(NEWEST, Vec::new()).await?;
            let newest: Option<i64> = rows.first().map(|row| row.try_get("", "n")).transpose()?.flatten();
            let begun_at = Instant::now();
            while let Some(newest) = newest
                && !self.feed_rows(IS_PENDING, vec![newest.into()]).await?.is_empty()
            {
                if begun_at.elapsed() > timeout {
                    return Err(DbErr::Custom(
                        "the sequencer has not given committed changes their positions".to_owned(),
                    ));
                }
                sleep(SEQUENCER_INTERVAL).await;
            }
        }
        Ok(self.feed_state().await?.last)
    }

    /// The position with which an epoch ended; `None`: it is the current one, or unknown.
    pub async fn feed_epoch_end(&self, epoch: Epoch) -> Result<Option<i64>, DbErr> {
        const ENDED: &str = "SELECT ended_at FROM feed_epochs WHERE epoch = $1";
        let rows = self.feed_rows(ENDED, vec![epoch.to_text().into()]).await?;
        rows.first().map(|row| row.try_get("", "ended_at")).transpose()
    }

    /// Events after `after`, up to the position `to`: as many as `limit` and a megabyte allow, and at least one; only of `owners`, unless there are none.
    pub async fn feed_after(
        &self,
        after: FeedPosition,
        to: i64,
        owners: &[String],
        limit: usize,
    ) -> Result<FeedPage, DbErr> {
        let mut values: Vec<Value> = vec![after.position.into(), after.seq.into(), to.into()];
        let only = if owners.is_empty() {
            String::new()
        } else {
            let owners = placeholders(&mut values, owners, |owner| owner.as_str().into());
            format!("AND feed.owner_id IN ({owners})")
        };
        let listed = format!(
            "FROM feed LEFT JOIN events e ON e.owner_id = feed.owner_id AND e.version = feed.version
             WHERE feed.position >= $1 AND feed.position <= $3 AND (feed.position > $1 OR e.seq > $2) {only}"
        );
        let rows = self.feed_rows(&page_query(&listed, limit), values).await?;
        let mut page = FeedPage::read(&rows, limit)?;
        page.last = match rows.last() {
            Some(row) => {
                let seq: Option<i32> = row.try_get("", "seq")?;
                // A change is read whole unless the page is full.
                let seq = seq.filter(|_| page.is_full).unwrap_or(END_OF_CHANGE);
                FeedPosition { position: row.try_get("", "position")?, seq }
            }
            None => after,
        };
        Ok(page)
    }

    pub(crate) async fn feed_rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        let backend = self.reader.get_database_backend();
        self.reader.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await
    }
}

impl FeedPage {
    /// Reads the rows of [`page_query`], all but [`FeedPage::last`].
    pub(super) fn read(rows: &[QueryResult], limit: usize) -> Result<Self, DbErr> {
        let mut page = Self::default();
        let mut bytes = 0;
        for row in rows {
            bytes += row.try_get::<i64>("", "bytes")?;
            page.events.extend(EventRow::read(row)?);
        }
        page.is_full = rows.len() >= limit || bytes >= PAGE_BYTES;
        Ok(page)
    }
}

impl EventRow {
    /// Reads a row of [`page_query`]; `None`: the event was erased.
    pub(super) fn read(row: &QueryResult) -> Result<Option<Self>, DbErr> {
        let Some(seq) = row.try_get::<Option<i32>>("", "seq")? else { return Ok(None) };
        let mut bytes = 0;
        let mut document = |column| {
            let text: Option<String> = row.try_get("", column)?;
            bytes += text.as_deref().map_or(0, str::len);
            text.map(|text| serde_json::from_str(&text).map_err(|error| DbErr::Type(error.to_string()))).transpose()
        };
        let occurred_at: ChronoDateTimeUtc = row.try_get("", "occurred_at")?;
        let (before, after) = (document("before_row")?, document("after_row")?);
        Ok(Some(Self {
            at: FeedPosition { position: row.try_get("", "position")?, seq },
            owner: row.try_get("", "owner_id")?,
            version: row.try_get("", "version")?,
            kind: row.try_get("", "kind")?,
            subject: row.try_get("", "subject")?,
            row: row.try_get("", "row_id")?,
            other: row.try_get("", "other_id")?,
            has_reshares: row.try_get("", "has_reshares")?,
            actor: row.try_get("", "actor_id")?,
            request_id: row.try_get("", "request_id")?,
            occurred_at: Timestamp::new(occurred_at).map_err(|error| DbErr::Type(error.to_string()))?,
            before,
            after,
            bytes,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reader_resumes_only_where_nothing_was_removed_after_it() {
        let at = |position, seq| FeedPosition { position, seq };
        let new = FeedState { epoch: Epoch(1), last: 20, pruned_to: 0, resumable_from: at(0, 0) };
        let pruned = FeedState { pruned_to: 5, ..new };
        let erased = FeedState { resumable_from: at(9, 2), ..new };
        for (state, place, is_resumable) in [
            (new, at(0, END_OF_CHANGE), true),
            (new, at(1, 0), true),
            // The rest of the change was pruned with it.
            (pruned, at(5, 3), false),
            (pruned, at(5, END_OF_CHANGE), true),
            (pruned, at(6, 0), true),
            (pruned, at(4, END_OF_CHANGE), false),
            // Of the change at 9, the events up to 2 were about an erased person.
            (erased, at(8, END_OF_CHANGE), false),
            (erased, at(9, 1), false),
            (erased, at(9, 2), true),
            (erased, at(9, END_OF_CHANGE), true),
        ] {
            assert_eq!(state.is_resumable(place), is_resumable, "{state:?} {place:?}");
        }
    }
}
