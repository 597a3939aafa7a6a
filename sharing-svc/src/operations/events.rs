//! `WatchShares` and `ListShareEvents`: the committed changes of shares.

use persistence::feed::{EventFilter, EventRow, FeedPage, SnapshotKey};
use service::{
    EventPage,
    watch::{SnapshotPage, Watch, WatchError, WatchSource, WatchStart, check_ids},
};
use types::{FieldErrors, Timestamp};

use super::{Sharing, share_named};
use crate::{
    domain::{EventKind, ShareEvent, SnapshotShare, UserId},
    error::Error,
    storage::{key_of, read_event},
};

/// The requested watch, as the caller wrote it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct WatchShares {
    pub after_token: String,
    pub from_beginning: bool,
    pub owner_ids: Vec<String>,
    pub viewer_ids: Vec<String>,
}

/// The requested list, as the caller wrote it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListShareEvents {
    pub share_id: String,
    pub owner_id: String,
    pub actor_id: String,
    pub kinds: Vec<EventKind>,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub page_size: i32,
    pub page_token: String,
    /// Errors that were found while the request was read.
    pub unreadable: FieldErrors,
}

/// The shares of some owners, to some viewers.
pub struct ShareSource {
    sharing: Sharing,
    owners: Vec<String>,
    viewers: Vec<String>,
}

impl WatchSource for ShareSource {
    type Event = ShareEvent;
    type Row = SnapshotShare;

    fn event(&self, row: &EventRow) -> anyhow::Result<Option<ShareEvent>> {
        // An event with shares below concerns viewers that it does not name.
        let is_to_viewer = |viewer: &String| row.other.as_ref() == Some(viewer);
        if self.viewers.is_empty() || row.has_reshares || self.viewers.iter().any(is_to_viewer) {
            read_event(row).map(Some)
        } else {
            Ok(None)
        }
    }

    async fn snapshot(&self, after: SnapshotKey) -> anyhow::Result<SnapshotPage<SnapshotShare>> {
        let Self { sharing, owners, viewers } = self;
        let (shares, next) = sharing.store.snapshot(&after, owners, viewers, sharing.clock.now()).await?;
        let rows = shares.into_iter().map(|row| (key_of(&row.share), row)).collect();
        Ok(SnapshotPage { rows, next })
    }
}

impl Sharing {
    /// A watch of the changes of shares.
    pub async fn watch_shares(&self, watch: WatchShares) -> Result<Result<Watch<ShareSource>, WatchError>, Error> {
        let WatchShares { after_token, from_beginning, owner_ids, viewer_ids } = watch;
        let mut errors = FieldErrors::new();
        let start = WatchStart::parse(&after_token, from_beginning, &mut errors);
        check_ids(&owner_ids, "owner_ids", &mut errors);
        check_ids(&viewer_ids, "viewer_ids", &mut errors);
        let start = errors.into_result(start).map_err(Error::Invalid)?;
        let source = ShareSource { sharing: self.clone(), owners: owner_ids.clone(), viewers: viewer_ids };
        Ok(Watch::begin(self.store.feed().clone(), source, owner_ids, start).await)
    }

    /// Recorded events, the oldest first, and the token of the next page.
    pub async fn list_share_events(&self, list: ListShareEvents) -> Result<(Vec<ShareEvent>, Option<String>), Error> {
        let ListShareEvents { share_id, owner_id, actor_id, kinds, after, before, page_size, page_token, unreadable } =
            list;
        let mut errors = unreadable;
        let page = EventPage::parse(page_size, &page_token, &mut errors);
        if !owner_id.is_empty()
            && let Err(error) = UserId::check(&owner_id)
        {
            errors.add("owner_id", error.to_string());
        }
        let EventPage { size, after: start } = errors.into_result(page).map_err(Error::Invalid)?;
        let row = match share_id.as_str() {
            "" => None,
            id => match share_named(id) {
                Ok(id) => Some(id.to_string()),
                // No share has this id, and so no event.
                Err(_) => return Ok((Vec::new(), None)),
            },
        };
        let text = |text: String| (!text.is_empty()).then_some(text);
        let kinds = kinds.into_iter().map(EventKind::name).collect();
        let filter = EventFilter { owner: text(owner_id), row, actor: text(actor_id), kinds, from: after, before };
        let FeedPage { events, last, is_full } = self.store.events(&filter, start, size).await?;
        let events = events.iter().map(read_event).collect::<anyhow::Result<_>>().map_err(Error::Internal)?;
        Ok((events, is_full.then(|| EventPage::token(last))))
    }
}
