//! `WatchProfiles` and `ListProfileEvents`: the committed changes of profiles, grants and tags.

use persistence::feed::{EventRow, FeedPage, SnapshotKey};
use service::{
    EventPage, EventQuery,
    watch::{SnapshotPage, Watch, WatchError, WatchSource, WatchStart, check_ids},
};
use types::FieldErrors;

use super::{Exposure, profile_named};
use crate::{
    domain::{ProfileEvent, SnapshotRow},
    error::Error,
    storage::{is_of_grant, read_event},
};

/// The requested watch, as the caller wrote it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct WatchProfiles {
    pub after_token: String,
    pub from_beginning: bool,
    pub user_ids: Vec<String>,
    pub app_ids: Vec<String>,
}

/// The rows of some users, and of grants those of some apps.
pub struct ProfileSource {
    exposure: Exposure,
    users: Vec<String>,
    apps: Vec<String>,
}

impl WatchSource for ProfileSource {
    type Event = ProfileEvent;
    type Row = SnapshotRow;

    fn event(&self, row: &EventRow) -> anyhow::Result<Option<ProfileEvent>> {
        // A profile, or a tag, may alter what any app sees.
        let is_of_app = |app: &String| row.other.as_ref() == Some(app);
        if self.apps.is_empty() || !is_of_grant(row) || self.apps.iter().any(is_of_app) {
            read_event(row).map(Some)
        } else {
            Ok(None)
        }
    }

    async fn snapshot(&self, after: SnapshotKey) -> anyhow::Result<SnapshotPage<SnapshotRow>> {
        let Self { exposure, users, apps } = self;
        let (rows, next) = exposure.store.snapshot(&after, users, apps, exposure.clock.now()).await?;
        Ok(SnapshotPage { rows, next })
    }
}

impl Exposure {
    /// A watch of the changes of profiles, grants and tags.
    pub async fn watch_profiles(
        &self,
        watch: WatchProfiles,
    ) -> Result<Result<Watch<ProfileSource>, WatchError>, Error> {
        let WatchProfiles { after_token, from_beginning, user_ids, app_ids } = watch;
        let mut errors = FieldErrors::new();
        let start = WatchStart::parse(&after_token, from_beginning, &mut errors);
        check_ids(&user_ids, "user_ids", &mut errors);
        check_ids(&app_ids, "app_ids", &mut errors);
        let start = errors.into_result(start).map_err(Error::Invalid)?;
        let source = ProfileSource { exposure: self.clone(), users: user_ids.clone(), apps: app_ids };
        Ok(Watch::begin(self.store.feed().clone(), source, user_ids, start).await)
    }

    /// Recorded events, the oldest first, and the token of the next page.
    pub async fn list_profile_events(&self, query: EventQuery) -> Result<(Vec<ProfileEvent>, Option<String>), Error> {
        let row = |id: &str| profile_named(id).ok().map(|id| id.to_string());
        let Some((filter, page)) = query.parse("user_id", row).map_err(Error::Invalid)? else {
            return Ok((Vec::new(), None));
        };
        let FeedPage { events, last, is_full } = self.store.events(&filter, page.after, page.size).await?;
        let events = events.iter().map(read_event).collect::<anyhow::Result<_>>().map_err(Error::Internal)?;
        Ok((events, is_full.then(|| EventPage::token(last))))
    }
}
