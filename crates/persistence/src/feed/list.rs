//! Lists of recorded events.

use ::types::Timestamp;
use sea_orm::{DbErr, Value};

use super::{FeedPage, FeedPosition, read::page_query};
use crate::{Database, placeholders};

/// Which events are listed.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only of this person's data.
    pub owner: Option<String>,
    /// Only of this row.
    pub row: Option<String>,
    /// Only by this actor.
    pub actor: Option<String>,
    /// Only of these kinds, unless there are none.
    pub kinds: Vec<&'static str>,
    /// Only those that happened at this time or later.
    pub from: Option<Timestamp>,
    /// Only those that happened before this time.
    pub before: Option<Timestamp>,
}

impl Database {
    /// Events after `after` that match `filter`, the oldest first: as many as `limit` and a megabyte allow, and at least one.
    pub async fn list_events(
        &self,
        filter: &EventFilter,
        after: FeedPosition,
        limit: usize,
    ) -> Result<FeedPage, DbErr> {
        let EventFilter { owner, row, actor, kinds, from, before } = filter;
        let mut values: Vec<Value> = vec![after.position.into(), after.seq.into()];
        let mut conditions = vec!["feed.position >= $1 AND (feed.position > $1 OR e.seq > $2)".to_owned()];
        if let Some(actor) = actor {
            values.push(actor.as_str().into());
            let by_actor = format!("e.actor_id = ${}", values.len());
            // Events of the owner's own changes have no actor.
            conditions.push(match actor.strip_prefix("user:") {
                Some(user) => {
                    values.push(user.into());
                    format!("({by_actor} OR (e.actor_id IS NULL AND e.owner_id = ${}))", values.len())
                }
                None => by_actor,
            });
        }
        let texts = [("feed.owner_id =", owner), ("e.row_id =", row)];
        let texts = texts.into_iter().filter_map(|(term, text)| Some((term, Value::from(text.as_deref()?))));
        let times = [("e.occurred_at >=", from), ("e.occurred_at <", before)];
        let times = times.into_iter().filter_map(|(term, time)| Some((term, Value::from((*time)?.utc()))));
        for (term, value) in texts.chain(times) {
            values.push(value);
            conditions.push(format!("{term} ${}", values.len()));
        }
        if !kinds.is_empty() {
            let kinds = placeholders(&mut values, kinds, |kind| (*kind).into());
            conditions.push(format!("e.kind IN ({kinds})"));
        }
        let listed = format!(
            "FROM feed JOIN events e ON e.owner_id = feed.owner_id AND e.version = feed.version WHERE {}",
            conditions.join(" AND ")
        );
        let rows = self.feed_rows(&page_query(&listed, limit), values).await?;
        let page = FeedPage::read(&rows, limit)?;
        let last = page.events.last().map_or(after, |event| event.at);
        Ok(FeedPage { last, ..page })
    }
}
