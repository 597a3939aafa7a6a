//! `StopApps`: a person ends the grants of all apps, or of some, at once. They are few, so one change revokes all of them.

use std::time::Duration;

use service::consistency::Stamped;
use types::{FieldErrors, Origin, Selection, Timestamp};

use super::{Exposure, filter_nodes::MAX_STALENESS_MS};
use crate::{
    domain::{AppId, UserId},
    error::Error,
};

/// App ids on a page.
const PAGE: usize = 100;
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// The result of a stop.
#[derive(Clone, Debug)]
pub struct StopApps {
    /// No decision that begins at this time or later counts what ended, and no open stream shows a node after it. `None`: no app had a
    /// grant.
    pub effective_from: Option<Timestamp>,
    /// The number of grants that ended.
    pub grants: i64,
    /// The first of the apps.
    pub page: StoppedPage,
}

/// A page of the apps that a stop ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedPage {
    /// Sorted by id.
    pub apps: Vec<AppId>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// A place in the list of what a stop ended.
struct Position {
    stopped_at: Timestamp,
    /// `None`: the beginning.
    after: Option<AppId>,
}

impl Exposure {
    /// Ends grants to `user`'s data. Repeating it is safe.
    pub async fn stop_apps(
        &self,
        user: &UserId,
        apps: Selection<AppId>,
        origin: Origin,
    ) -> Result<Stamped<StopApps>, Error> {
        let change = self.store.begin(user, None, origin).await?;
        let now = self.clock.now();
        change.raise_user(now).await?;
        let grants = change.stop_grants(apps.ids(), now).await?;
        if grants == 0 {
            change.roll_back().await?;
            let nothing = StopApps { effective_from: None, grants: 0, page: StoppedPage::default() };
            return Ok(Stamped { value: nothing, stamp: None });
        }
        let stamp = change.stamp();
        change.commit(None).await?;
        let effective_from = self.clock.now().utc() + Duration::from_millis(MAX_STALENESS_MS.unsigned_abs());
        let effective_from = Timestamp::new(effective_from).map_err(|error| Error::Internal(error.into()))?;
        let begin = || Position { stopped_at: now, after: None };
        // The stop is in force: if the list cannot be read, it can be asked for.
        let page = self.stopped_page(user, &apps, begin()).await;
        let page = page.unwrap_or_else(|_| StoppedPage { apps: Vec::new(), next: Some(begin().token()) });
        Ok(Stamped { value: StopApps { effective_from: Some(effective_from), grants, page }, stamp })
    }

    /// The next page of what a stop ended.
    pub async fn list_stopped(
        &self,
        user: &UserId,
        apps: &Selection<AppId>,
        token: &str,
    ) -> Result<StoppedPage, Error> {
        let Some(position) = Position::parse(token) else {
            let mut errors = FieldErrors::new();
            errors.add("page_token", "must be the next_page_token of an earlier response");
            return Err(Error::Invalid(errors));
        };
        self.stopped_page(user, apps, position).await
    }

    async fn stopped_page(
        &self,
        user: &UserId,
        apps: &Selection<AppId>,
        position: Position,
    ) -> Result<StoppedPage, Error> {
        let Position { stopped_at, after } = position;
        let reads = self.store.of(user);
        let after = after.as_ref().map_or("", AppId::as_str);
        let mut revoked = reads.apps_revoked_at(apps.ids(), stopped_at, after, PAGE + 1).await?;
        let is_last = revoked.len() <= PAGE;
        revoked.truncate(PAGE);
        let last = revoked.last().filter(|_| !is_last);
        let next = last.map(|app| Position { stopped_at, after: Some(app.clone()) }.token());
        Ok(StoppedPage { apps: revoked, next })
    }
}

impl Position {
    fn token(&self) -> String {
        let after = self.after.as_ref().map_or("", AppId::as_str);
        format!("{TOKEN_PREFIX}{}.{after}", self.stopped_at.utc().timestamp_micros())
    }

    fn parse(token: &str) -> Option<Self> {
        let (micros, after) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
        let stopped_at = Timestamp::from_micros(micros.parse().ok()?).ok()?;
        let after = if after.is_empty() { None } else { Some(AppId::parse(after).ok()?) };
        Some(Self { stopped_at, after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let stopped_at = Timestamp::from_parts(1_767_225_600, 123_456_000).unwrap();
        for after in [None, Some(AppId::parse("a.b").unwrap())] {
            let read = Position::parse(&Position { stopped_at, after: after.clone() }.token()).unwrap();
            assert_eq!((read.stopped_at, read.after), (stopped_at, after));
        }
        for other in ["", "v1.", "v1.7", "v1.x.app", "v1.7.a b", "v2.7.app"] {
            assert!(Position::parse(other).is_none(), "{other}");
        }
    }
}
