//! `WatchProfiles` and `ListProfileEvents`: the committed changes of profiles, grants and tags.

use persistence::feed::{EventFilter, EventRow, FeedPage, SnapshotKey};
use service::{
    EventPage,
    watch::{SnapshotPage, Watch, WatchError, WatchSource, WatchStart, check_ids},
};
use types::{FieldErrors, Timestamp};

use super::{Exposure, profile_named};
use crate::{
    domain::{EventKind, ProfileEvent, SnapshotRow, UserId},
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

/// The requested list, as the caller wrote it.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListProfileEvents {
    pub profile_id: String,
    pub user_id: String,
    pub actor_id: String,
    pub kinds: Vec<EventKind>,
    pub after: Option<Timestamp>,
    pub before: Option<Timestamp>,
    pub page_size: i32,
    pub page_token: String,
    /// Errors that were found while the request was read.
    pub unreadable: FieldErrors,
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
    pub async fn list_profile_events(
        &self,
        list: ListProfileEvents,
    ) -> Result<(Vec<ProfileEvent>, Option<String>), Error> {
        let ListProfileEvents {
            profile_id,
            user_id,
            actor_id,
            kinds,
            after,
            before,
            page_size,
            page_token,
            unreadable,
        } = list;
        let mut errors = unreadable;
        let page = EventPage::parse(page_size, &page_token, &mut errors);
        if !user_id.is_empty()
            && let Err(error) = UserId::check(&user_id)
        {
            errors.add("user_id", error.to_string());
        }
        let EventPage { size, after: start } = errors.into_result(page).map_err(Error::Invalid)?;
        let row = match profile_id.as_str() {
            "" => None,
            id => match profile_named(id) {
                Ok(id) => Some(id.to_string()),
                // No profile has this id, and so no event.
                Err(_) => return Ok((Vec::new(), None)),
            },
        };
        let text = |text: String| (!text.is_empty()).then_some(text);
        let kinds = kinds.into_iter().map(EventKind::name).collect();
        let filter = EventFilter { owner: text(user_id), row, actor: text(actor_id), kinds, from: after, before };
        let FeedPage { events, last, is_full } = self.store.events(&filter, start, size).await?;
        let events = events.iter().map(read_event).collect::<anyhow::Result<_>>().map_err(Error::Internal)?;
        Ok((events, is_full.then(|| EventPage::token(last))))
    }
}
