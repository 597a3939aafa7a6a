//! A share and its own status.

use types::{Id, Node, Tag, Timestamp, User, minted_id};
use uuid::Uuid;

use super::Terms;

/// A person.
pub type UserId = Id<User>;
/// A tag.
pub type TagId = Id<Tag>;
/// A node.
pub type NodeId = Id<Node>;
/// One person following another.
pub type FollowId = Id<Follow>;

/// The marker of a [`FollowId`].
pub enum Follow {}

/// The id of a share; minted here, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShareId(pub Uuid);

/// One person's leave for another to act on some of their nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its id.
    pub id: ShareId,
    /// The owner of the nodes.
    pub owner: UserId,
    /// The recipient.
    pub recipient: UserId,
    /// The creator: the owner, or for a re-share the recipient of its parent.
    pub creator: UserId,
    /// Its own terms; the shares above it may narrow them.
    pub terms: Terms,
    /// How it came to be.
    pub source: Source,
    /// The time of its own revocation. A share below a revoked one keeps `None`.
    pub revoked_at: Option<Timestamp>,
    /// When it was marked as ended. A storage mark that removes it from reads and quotas; no decision depends on it.
    pub ended_at: Option<Timestamp>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with every change.
    pub version: i64,
    /// The owner's version that created it.
    pub created_version: i64,
}

/// How a share came to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Its owner made it.
    Direct,
    /// It follows from a follow.
    Follow {
        /// The follow.
        follow: FollowId,
        /// When the follow ended; the owner may revoke its share before that.
        ended_at: Option<Timestamp>,
    },
    /// The recipient of a share re-shared it.
    Reshare {
        /// The shares above, from the owner's own down to the parent; never empty.
        ancestors: Vec<ShareId>,
    },
}

impl ShareId {
    /// Parses a text from outside; one that is not a UUID is the id of no share.
    pub fn parse(text: &str) -> Option<Self> {
        minted_id(text).map(Self)
    }
}

impl Share {
    /// The shares above it, from the owner's own down to the parent.
    pub fn ancestors(&self) -> &[ShareId] {
        match &self.source {
            Source::Reshare { ancestors } => ancestors,
            Source::Direct | Source::Follow { .. } => &[],
        }
    }

    /// The share that was re-shared.
    pub fn parent(&self) -> Option<ShareId> {
        self.ancestors().last().copied()
    }

    /// How many links its chain has, itself included.
    pub fn depth(&self) -> usize {
        self.ancestors().len() + 1
    }

    /// Whether its own expiry has passed at `now`. A share expires at its expiry, not after it.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.terms.expires_at.is_some_and(|end| end <= now)
    }

    /// The same share with other terms, changed at `now`. A new expiry in the future clears the mark of the former one.
    #[must_use]
    pub fn with_terms(&self, terms: Terms, now: Timestamp) -> Self {
        let changed = Self { terms, updated_at: now, version: self.version + 1, ..self.clone() };
        let ended_at = changed.ended_at.filter(|_| changed.has_expired(now));
        Self { ended_at, ..changed }
    }

    /// The same share, revoked at `now`.
    #[must_use]
    pub fn revoked(&self, now: Timestamp) -> Self {
        let (revoked_at, ended_at) = (Some(now), Some(now));
        Self { revoked_at, ended_at, updated_at: now, version: self.version + 1, ..self.clone() }
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
    fn only_canonical_uuids_are_ids() {
        let text = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910111";
        assert!(ShareId::parse(text).is_some());
        for other in ["share_abc", "", &text.replace('-', ""), &format!("{{{text}}}"), &format!("urn:uuid:{text}")] {
            assert_eq!(ShareId::parse(other), None, "{other}");
        }
    }
}
