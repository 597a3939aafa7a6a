//! `StopSharing`: an owner ends everything that they share, or everything that they share with some people, at once.
//!
//! The stop is one small change, whatever the number of shares: a mark at a new version of the owner, which every decision reads with that
//! version. Upkeep revokes the shares afterwards, with an event each.

use std::collections::BTreeSet;

use persistence::Priority;
use runtime::shutdown::Shutdown;
use service::{
    consistency::Stamped,
    erasure::Throttle,
    upkeep::{Failures, attempt},
};
use tokio::time::{Duration, sleep};
use types::{FieldErrors, Origin, Selection, Timestamp};

use super::{Sharing, Upkeep, consistency::stamp};
use crate::{
    domain::{ShareId, Stop, UserId},
    error::Error,
    storage::FIRST,
};

/// How often owners with stops are searched, also without a hint.
const EVERY: Duration = Duration::from_secs(1);
/// Share ids on a page.
const PAGE: usize = 100;
/// Shares that a page reads at most.
const PAGE_READ: usize = 1_000;
/// Shares that the stop itself reads at most, so that the answer does not wait for them.
const FIRST_READ: usize = 2 * PAGE;
/// People whom the stops of one owner that are not carried out may name.
const MAX_PEOPLE: usize = 1_000;
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// The result of a stop.
#[derive(Clone, Debug)]
pub struct StopSharing {
    /// No decision that begins at this time or later counts what ended. `None`: there was nothing to end.
    pub effective_from: Option<Timestamp>,
    /// The number of shares that ended; those below them are not counted.
    pub shares: i64,
    /// The first of them.
    pub page: StoppedPage,
}

/// A page of the shares that a stop ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoppedPage {
    /// Their ids, in order.
    pub shares: Vec<ShareId>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

/// A place in the list of what a stop ended.
struct Position {
    version: i64,
    stopped_at: Timestamp,
    after: ShareId,
}

impl Sharing {
    /// Ends what `owner` shares. Repeating it is safe.
    pub async fn stop_sharing(
        &self,
        owner: UserId,
        people: Selection<UserId>,
        origin: Origin,
    ) -> Result<Stamped<StopSharing>, Error> {
        self.refuse_erased([&owner])?;
        let change = self.store.begin(Some((&owner, Priority::First)), None, origin.clone()).await?;
        let now = self.clock.now();
        if !change.is_known(&owner).await? {
            change.roll_back().await?;
            return Ok(nothing());
        }
        let version = change.raise_owner(&owner, now).await?;
        // Under the owner's row. The mark and the events name only people with shares.
        let named = match people.ids() {
            None => None,
            Some(people) => Some(change.people_with_shares(&owner, people).await?),
        };
        if named.as_ref().is_some_and(BTreeSet::is_empty) {
            change.roll_back().await?;
            return Ok(nothing());
        }
        let shares = change.open_shares(&owner, people.ids()).await?;
        match &named {
            None => change.record_stop(None, now),
            Some(named) => named.iter().for_each(|person| change.record_stop(Some(person), now)),
        }
        let mut stops = change.stops(&owner).await?;
        stops.add(Stop { people: named, version, stopped_at: now, origin });
        if stops.people() > MAX_PEOPLE {
            return Err(Error::TooManyStops);
        }
        change.set_stops(&owner, &stops).await?;
        change.commit(None).await?;
        let effective_from = Some(self.clock.now());
        let begin = || Position { version, stopped_at: now, after: FIRST };
        // The stop is in force: if the list cannot be read, it can be asked for.
        let page = self.stopped_page(&owner, &people, begin(), FIRST_READ).await;
        let page = page.unwrap_or_else(|_| StoppedPage { shares: Vec::new(), next: Some(begin().token()) });
        self.hints.stop_requested();
        let value = StopSharing { effective_from, shares, page };
        Ok(Stamped { value, stamp: Some(stamp(&owner, version, now)) })
    }

    /// The next page of what a stop ended.
    pub async fn list_stopped(
        &self,
        owner: &UserId,
        people: &Selection<UserId>,
        token: &str,
    ) -> Result<StoppedPage, Error> {
        let Some(position) = Position::parse(token) else {
            let mut errors = FieldErrors::new();
            errors.add("page_token", "must be the next_page_token of an earlier response");
            return Err(Error::Invalid(errors));
        };
        self.stopped_page(owner, people, position, PAGE_READ).await
    }

    async fn stopped_page(
        &self,
        owner: &UserId,
        people: &Selection<UserId>,
        position: Position,
        read: usize,
    ) -> Result<StoppedPage, Error> {
        let Position { version, stopped_at, after } = position;
        let (shares, last) =
            self.store.stopped_shares(owner, people.ids(), version, stopped_at, after, (PAGE, read)).await?;
        let next = last.map(|after| Position { version, stopped_at, after }.token());
        Ok(StoppedPage { shares, next })
    }
}

/// The result of a stop without shares.
fn nothing() -> Stamped<StopSharing> {
    let value = StopSharing { effective_from: None, shares: 0, page: StoppedPage::default() };
    Stamped { value, stamp: None }
}

impl Position {
    fn token(&self) -> String {
        let at = self.stopped_at.utc().timestamp_micros();
        format!("{TOKEN_PREFIX}{}.{at}.{}", self.version, self.after)
    }

    fn parse(token: &str) -> Option<Self> {
        let mut parts = token.strip_prefix(TOKEN_PREFIX)?.split('.');
        let version = parts.next()?.parse().ok()?;
        let micros: i64 = parts.next()?.parse().ok()?;
        let stopped_at = Timestamp::from_micros(micros).ok()?;
        let after = ShareId::parse(parts.next()?)?;
        parts.next().is_none().then_some(Self { version, stopped_at, after })
    }
}

impl Upkeep {
    /// Carries out stops until the shutdown begins.
    pub(super) async fn run_stops(self, shutdown: Shutdown) {
        let hint = async || {
            tokio::select! {
                () = sleep(EVERY) => {}
                () = self.sharing.hints.stop_was_requested() => {}
            }
        };
        while shutdown.unless_begun(hint()).await.is_some() {
            attempt(&shutdown, self.carry_out_stops()).await;
        }
    }

    /// Revokes what stops ended, of every owner.
    pub async fn carry_out_stops(&self) -> Result<(), Error> {
        let mut failures = Failures::default();
        loop {
            let mut carried_out = 0;
            for owner in self.sharing.store.owners_with_stops(&failures.persons()).await? {
                carried_out += failures.tolerate(owner.as_str(), self.carry_out_stops_of(&owner)).await?;
            }
            if carried_out == 0 {
                return Ok(());
            }
        }
    }

    /// Returns the number of stops that it carried out.
    pub(super) async fn carry_out_stops_of(&self, owner: &UserId) -> Result<usize, Error> {
        let change = self.hold(owner).await?;
        let stops = change.stops(owner).await?;
        change.roll_back().await?;
        for stop in stops.iter() {
            self.carry_out(owner, stop).await?;
        }
        Ok(stops.iter().count())
    }

    async fn carry_out(&self, owner: &UserId, stop: &Stop) -> Result<(), Error> {
        let mut throttle = Throttle::start();
        let mut after = FIRST;
        loop {
            let change = self.begin_upkeep(owner, stop.origin.clone()).await?;
            let now = self.sharing.clock.now();
            change.raise_owner(owner, now).await?;
            match change.carry_out(owner, stop, after, now).await? {
                Some(last) => {
                    after = last;
                    change.commit(None).await?;
                    self.sharing.hints.shares_ended();
                    throttle.wait().await;
                }
                // Without an event the version is not raised.
                None => {
                    change.roll_back().await?;
                    break;
                }
            }
        }
        let change = self.hold(owner).await?;
        let mut stops = change.stops(owner).await?;
        stops.remove(stop);
        change.set_stops(owner, &stops).await?;
        change.commit(None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let stopped_at = Timestamp::from_parts(1_767_225_600, 123_456_000).unwrap();
        let token = Position { version: 7, stopped_at, after: FIRST }.token();
        let read = Position::parse(&token).unwrap();
        assert_eq!((read.version, read.stopped_at, read.after), (7, stopped_at, FIRST));
        let others = ["", "v1.", "v1.7", "v1.7.x.y", "v2.7.1.0", &format!("{token}.1"), &token.replace("v1", "v0")];
        assert!(others.iter().all(|other| Position::parse(other).is_none()));
    }
}
