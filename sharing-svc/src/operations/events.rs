//! `WatchShares` and `ListShareEvents`: the committed changes of shares.

use persistence::feed::{EventRow, FeedPage, SnapshotKey};
use service::{
    EventPage, EventQuery,
    watch::{SnapshotPage, Watch, WatchError, WatchSource, WatchStart, check_ids},
};
use types::FieldErrors;

use super::{Sharing, share_named};
use crate::{
    domain::{ShareEvent, SnapshotShare},
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
    pub async fn list_share_events(&self, query: EventQuery) -> Result<(Vec<ShareEvent>, Option<String>), Error> {
        let row = |id: &str| share_named(id).ok().map(|id| id.to_string());
        let Some((filter, page)) = query.parse("owner_id", row).map_err(Error::Invalid)? else {
            return Ok((Vec::new(), None));
        };
        let FeedPage { events, last, is_full } = self.store.events(&filter, page.after, page.size).await?;
        let events = events.iter().map(read_event).collect::<anyhow::Result<_>>().map_err(Error::Internal)?;
        Ok((events, is_full.then(|| EventPage::token(last))))
    }
}
