//! Stops: an owner ends everything that they share, or everything that they share with some people, at once.
//!
//! A stop is one mark at one version of the owner. A share that was created at that version or before counts no longer from then on.
//! Upkeep revokes these shares afterwards, and removes the mark.

use std::collections::BTreeSet;

use types::{Origin, Timestamp};

use super::{Share, UserId};

/// The end of what one owner shared up to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The recipients whose shares end; `None`: all shares.
    pub people: Option<BTreeSet<UserId>>,
    /// The owner's version of the stop.
    pub version: i64,
    /// When it was made.
    pub stopped_at: Timestamp,
    /// The actor and the request, for the events of the shares that it ends.
    pub origin: Origin,
}

/// The stops of one owner that are not carried out yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stops(Vec<Stop>);

impl Stop {
    /// Whether it ends `share`. A share below one that it ends is not tested here: it ends with that one.
    pub fn ends(&self, share: &Share) -> bool {
        share.created_version <= self.version
            && self.people.as_ref().is_none_or(|people| people.contains(&share.recipient))
    }
}

impl Stops {
    /// These stops.
    pub fn new(stops: Vec<Stop>) -> Self {
        Self(stops)
    }

    /// The stops.
    pub fn iter(&self) -> impl Iterator<Item = &Stop> {
        self.0.iter()
    }

    /// The number of people whom they name.
    pub fn people(&self) -> usize {
        self.0.iter().flat_map(|stop| &stop.people).map(BTreeSet::len).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a newer stop. One of everything covers the others.
    pub fn add(&mut self, stop: Stop) {
        if stop.people.is_none() {
            self.0.clear();
        }
        self.0.push(stop);
    }

    /// Removes a stop that is carried out.
    pub fn remove(&mut self, stop: &Stop) {
        self.0.retain(|other| other != stop);
    }

    /// Marks `share` as revoked if a stop ends it.
    pub fn apply(&self, share: &mut Share) {
        if share.revoked_at.is_none() {
            share.revoked_at = self.0.iter().filter(|stop| stop.ends(share)).map(|stop| stop.stopped_at).min();
        }
    }
}

#[cfg(test)]
mod tests {
    use types::Id;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Rights, Scope, ShareId, Source, Terms};

    fn share(recipient: &str, created_version: i64) -> Share {
        let at = Timestamp::from_parts(1_767_225_600, 0).unwrap();
        let rights = Rights { read: true, write: false, delete: false, share: false };
        Share {
            id: ShareId(Uuid::nil()),
            owner: Id::parse("ann").unwrap(),
            recipient: Id::parse(recipient).unwrap(),
            creator: Id::parse("ann").unwrap(),
            terms: Terms { scope: Scope::All, rights, expires_at: None },
            source: Source::Direct,
            revoked_at: None,
            ended_at: None,
            created_at: at,
            updated_at: at,
            version: 1,
            created_version,
        }
    }

    fn stop(person: Option<&str>, version: i64) -> Stop {
        let people = person.map(|person| [Id::parse(person).unwrap()].into());
        let stopped_at = Timestamp::from_parts(1_767_225_600 + version, 0).unwrap();
        Stop { people, version, stopped_at, origin: Origin::system() }
    }

    fn is_revoked(stops: &Stops, recipient: &str, created_version: i64) -> bool {
        let mut share = share(recipient, created_version);
        stops.apply(&mut share);
        share.revoked_at.is_some()
    }

    #[test]
    fn stop_ends_what_was_created_up_to_its_version() {
        let mut stops = Stops::default();
        stops.add(stop(Some("bob"), 5));
        assert!(is_revoked(&stops, "bob", 4) && is_revoked(&stops, "bob", 5));
        assert!(!is_revoked(&stops, "bob", 6) && !is_revoked(&stops, "cyd", 4));
        stops.add(stop(None, 7));
        assert_eq!(stops.iter().count(), 1, "the stop of everything covers the others");
        assert!(is_revoked(&stops, "bob", 7) && is_revoked(&stops, "cyd", 7) && !is_revoked(&stops, "cyd", 8));
        stops.add(stop(Some("bob"), 9));
        stops.add(stop(Some("bob"), 10));
        assert_eq!(stops.people(), 2);
        assert!(is_revoked(&stops, "bob", 10) && !is_revoked(&stops, "cyd", 10));
        stops.remove(&stop(Some("bob"), 9));
        assert!(is_revoked(&stops, "bob", 10), "another stop than the one that was carried out");
    }

    #[test]
    fn revocation_before_the_stop_keeps_its_time() {
        let mut stops = Stops::default();
        stops.add(stop(None, 5));
        let earlier = Timestamp::from_parts(1, 0).unwrap();
        let mut revoked = share("bob", 1).revoked(earlier);
        stops.apply(&mut revoked);
        assert_eq!(revoked.revoked_at, Some(earlier));
    }
}
