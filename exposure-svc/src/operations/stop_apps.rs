//! `StopApps`: a person ends the grants of all apps, or of some, at once. They are few, so one change revokes all of them.

use std::time::Duration;

use service::consistency::Stamped;
use types::{FieldErrors, MAX_LIST, Origin, Timestamp};

use super::{Exposure, filter_nodes::MAX_STALENESS_MS};
use crate::{
    domain::{AppId, EventKind, UserId},
    error::Error,
};

/// App ids on a page.
const PAGE: usize = 100;
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// Which grants end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoppedApps {
    /// Those of all apps.
    All,
    /// Those of these apps.
    Of(Vec<AppId>),
}

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
    after: String,
}

impl StoppedApps {
    /// Parses the apps of a request.
    pub fn parse(all_apps: bool, apps: Vec<String>, errors: &mut FieldErrors) -> Option<Self> {
        if all_apps {
            if !apps.is_empty() {
                errors.add("apps", "must be empty when all apps are stopped");
            }
            return Some(Self::All);
        }
        if apps.is_empty() || apps.len() > MAX_LIST {
            errors.add("apps", format!("must hold 1 to {MAX_LIST} entries"));
            return None;
        }
        let mut parsed = Vec::with_capacity(apps.len());
        for (index, app) in apps.into_iter().enumerate() {
            match AppId::parse(app) {
                Ok(app) => parsed.push(app),
                Err(error) => errors.add(format!("apps[{index}]"), error.to_string()),
            }
        }
        parsed.sort_unstable();
        parsed.dedup();
        Some(Self::Of(parsed))
    }

    fn apps(&self) -> Option<&[AppId]> {
        match self {
            Self::All => None,
            Self::Of(apps) => Some(apps),
        }
    }
}

impl Exposure {
    /// Ends grants to `user`'s data. Repeating it is safe.
    pub async fn stop_apps(
        &self,
        user: &UserId,
        stopped: StoppedApps,
        origin: Origin,
    ) -> Result<Stamped<StopApps>, Error> {
        let change = self.store.begin(user, None, origin).await?;
        let now = self.clock.now();
        change.raise_user(now).await?;
        match stopped.apps() {
            None => change.record_of_user(EventKind::Stopped, None, now),
            Some(apps) => apps.iter().for_each(|app| change.record_of_user(EventKind::Stopped, Some(app), now)),
        }
        let grants = change.revoke_grants(stopped.apps(), now).await?;
        if grants == 0 {
            change.roll_back().await?;
            let nothing = StopApps { effective_from: None, grants: 0, page: StoppedPage::default() };
            return Ok(Stamped { value: nothing, stamp: None });
        }
        let stamp = change.stamp();
        change.commit(None).await?;
        let effective_from = self.clock.now().utc() + Duration::from_millis(MAX_STALENESS_MS.unsigned_abs());
        let effective_from = Timestamp::new(effective_from).map_err(|error| Error::Internal(error.into()))?;
        let page = self.stopped_page(user, &stopped, Position { stopped_at: now, after: String::new() }).await?;
        Ok(Stamped { value: StopApps { effective_from: Some(effective_from), grants, page }, stamp })
    }

    /// The next page of what a stop ended.
    pub async fn list_stopped(&self, user: &UserId, stopped: &StoppedApps, token: &str) -> Result<StoppedPage, Error> {
        let Some(position) = Position::parse(token) else {
            let mut errors = FieldErrors::new();
            errors.add("page_token", "must be the next_page_token of an earlier response");
            return Err(Error::Invalid(errors));
        };
        self.stopped_page(user, stopped, position).await
    }

    async fn stopped_page(
        &self,
        user: &UserId,
        stopped: &StoppedApps,
        position: Position,
    ) -> Result<StoppedPage, Error> {
        let Position { stopped_at, after } = position;
        let reads = self.store.of(user);
        let mut apps = reads.apps_revoked_at(stopped.apps(), stopped_at, &after, PAGE + 1).await?;
        let is_last = apps.len() <= PAGE;
        apps.truncate(PAGE);
        let last = apps.last().filter(|_| !is_last);
        let next = last.map(|app| Position { stopped_at, after: app.to_string() }.token());
        Ok(StoppedPage { apps, next })
    }
}

impl Position {
    fn token(&self) -> String {
        format!("{TOKEN_PREFIX}{}.{}", self.stopped_at.utc().timestamp_micros(), self.after)
    }

    fn parse(token: &str) -> Option<Self> {
        let (micros, after) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
        let stopped_at = Timestamp::from_micros(micros.parse().ok()?).ok()?;
        AppId::check(after).ok()?;
        Some(Self { stopped_at, after: after.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let stopped_at = Timestamp::from_parts(1_767_225_600, 123_456_000).unwrap();
        let read = Position::parse(&Position { stopped_at, after: "a.b".to_owned() }.token()).unwrap();
        assert_eq!((read.stopped_at, read.after.as_str()), (stopped_at, "a.b"));
        for other in ["", "v1.", "v1.7", "v1.7.", "v1.x.app", "v1.7.a b", "v2.7.app"] {
            assert!(Position::parse(other).is_none(), "{other}");
        }
    }
}
