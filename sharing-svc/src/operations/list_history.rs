//! `ListHistory`: what changed in a person's data.

use persistence::feed::HistoryPosition;
use service::HistoryPage;

use super::Sharing;
use crate::{
    domain::{ShareEvent, UserId},
    error::Error,
    storage::read_event,
};

/// Recorded changes of one person's data, newest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Each with its place.
    pub events: Vec<(HistoryPosition, ShareEvent)>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// A page of the recorded changes of `owner`'s data.
    pub async fn list_history(&self, owner: &UserId, page: HistoryPage) -> Result<History, Error> {
        let (rows, has_more) = self.store.history(owner, page.before, page.size).await?;
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| HistoryPage::token(last.history_position()));
        let read = rows.iter().map(|row| Ok((row.history_position(), read_event(row)?)));
        Ok(History { events: read.collect::<anyhow::Result<_>>().map_err(Error::Internal)?, next })
    }
}
