//! A share and where it stands at a moment.

use uuid::Uuid;
use vocabulary::{Id, Instant, Node, Tag, User, minted_id};

use super::Terms;

/// A person.
pub type UserId = Id<User>;
/// A tag.
pub type TagId = Id<Tag>;
/// A node.
pub type NodeId = Id<Node>;
/// One person following another.
pub type FollowId = Id<Follow>;

/// What a [`FollowId`] names.
pub enum Follow {}

/// The id of a share; minted here, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareId(pub Uuid);

/// One person's leave for another to act on some of their nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// Whose nodes these are.
    pub owner: UserId,
    /// Who may act on them.
    pub recipient: UserId,
    /// Who made the share: the owner, or of a re-share the recipient of its parent.
    pub maker: UserId,
    /// What it grants.
    pub terms: Terms,
    /// How it came to be.
    pub source: Source,
    /// When it stops counting because it, or a share above it, expires: the least of the expiries on its chain.
    pub effective_until: Option<Instant>,
    /// When it was revoked, itself or by a share above it.
    pub revoked_at: Option<Instant>,
    /// When it was made.
    pub created_at: Instant,
    /// When it was last changed.
    pub updated_at: Instant,
    /// Grows by one with every change.
    pub version: i64,
}

/// How a share came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its owner made it.
    Direct,
    /// It follows from this follow.
    Follow(FollowId),
    /// The recipient of `parent` passed it on.
    Reshare {
        /// The share that was passed on.
        parent: ShareId,
        /// How many links the chain has down to this share; the owner's own share is the first.
        depth: u8,
    },
}

/// Where a share stands at a moment. Never stored: nothing has to run for a share to expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It counts.
    Active,
    /// Its expiry, or that of a share above it, has come.
    Expired,
    /// It, or a share above it, was revoked.
    Revoked,
}

impl ShareId {
    /// Takes a text from outside; a text that is no UUID names no share.
    pub fn parse(text: &str) -> Option<Self> {
        minted_id(text).map(Self)
    }
}

impl Share {
    /// Where it stands at `now`. A share expires at the instant of its expiry, not after it.
    pub fn status(&self, now: Instant) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.effective_until.is_some_and(|end| end <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }

    /// The share this one was passed on from.
    pub fn parent(&self) -> Option<ShareId> {
        match self.source {
            Source::Reshare { parent, .. } => Some(parent),
            Source::Direct | Source::Follow(_) => None,
        }
    }

    /// How many links its chain has, itself included.
    pub fn depth(&self) -> u8 {
        match self.source {
            Source::Reshare { depth, .. } => depth,
            Source::Direct | Source::Follow(_) => 1,
        }
    }

    /// The same share with other terms, changed at `now`. Its chain is left to who knows it.
    #[must_use]
    pub fn with_terms(&self, terms: Terms, effective_until: Option<Instant>, now: Instant) -> Self {
        Self { terms, effective_until, updated_at: now, version: self.version + 1, ..self.clone() }
    }

    /// The same share, revoked at `now`.
    #[must_use]
    pub fn revoked(&self, now: Instant) -> Self {
        Self { revoked_at: Some(now), updated_at: now, version: self.version + 1, ..self.clone() }
    }
}

/// The earlier of two ends, where `None` is never.
pub(super) fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (end, None) | (None, end) => end,
    }
}

impl Share {
    /// When this share stops counting under a parent that stops counting at `parent_until`.
    pub fn until_under(&self, parent_until: Option<Instant>) -> Option<Instant> {
        earlier(self.terms.expires_at, parent_until)
    }
}

impl std::fmt::Display for ShareId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_minted_form_of_an_id_is_one() {
        let text = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910111";
        assert!(ShareId::parse(text).is_some());
        for other in ["share_abc", "", &text.replace('-', ""), &format!("{{{text}}}"), &format!("urn:uuid:{text}")] {
            assert_eq!(ShareId::parse(other), None, "{other}");
        }
    }
}
