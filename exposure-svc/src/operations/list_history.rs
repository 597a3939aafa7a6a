//! `ListHistory`: what changed in a person's data.

use persistence::feed::HistoryPosition;
use service::HistoryPage;

use super::Exposure;
use crate::{
    domain::{ProfileEvent, UserId},
    error::Error,
    storage::read_event,
};

/// Recorded changes of one person's data, newest first.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Each with its place.
    pub events: Vec<(HistoryPosition, ProfileEvent)>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Exposure {
    /// A page of the recorded changes of `user`'s data.
    pub async fn list_history(&self, user: &UserId, page: HistoryPage) -> Result<History, Error> {
        let (rows, has_more) = self.store.history(user, page.before, page.size).await?;
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|last| HistoryPage::token(last.history_position()));
        let read = rows.iter().map(|row| Ok((row.history_position(), read_event(row)?)));
        Ok(History { events: read.collect::<anyhow::Result<_>>().map_err(Error::Internal)?, next })
    }
}
