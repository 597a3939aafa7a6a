//! Events: what changed about a share, when and by whom.

use types::Timestamp;

use super::Share;

/// What happened to a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// It was created.
    Created,
    /// Its terms were changed.
    Updated,
    /// It was revoked, and with it everything below.
    Revoked,
    /// It had expired, and has a new expiry.
    Renewed,
    /// Its expiry has passed.
    Expired,
    /// A person was erased.
    Erased,
    /// The owner ended everything that they shared, or everything that they shared with one person. The event has no share.
    Stopped,
    /// A person blocked the owner: nothing of the owner's data counts for them. The event has no share.
    Blocked,
    /// A person ended such a block.
    Unblocked,
}

/// One committed change of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShareEvent {
    /// Its place in the feed, as text.
    pub id: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The actor.
    pub actor: String,
    /// The request; empty without one.
    pub request_id: String,
    /// What happened.
    pub kind: EventKind,
    /// The owner; empty: a person was erased.
    pub owner: String,
    /// The version of the owner's data that the change made.
    pub owner_version: i64,
    /// Shares hang below this one.
    pub has_reshares: bool,
    /// The recipient of the share, or the person whom an event without a share is about; `None`: there is none, or they were erased.
    pub person: Option<String>,
    /// The event is about everyone with whom the owner shares.
    pub is_of_everyone: bool,
    /// The share before.
    pub before: Option<Share>,
    /// The share after.
    pub after: Option<Share>,
}

/// A share of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotShare {
    /// The share.
    pub share: Share,
    /// The version of the owner's data from which it was read.
    pub owner_version: i64,
    /// When it was read.
    pub read_at: Timestamp,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Updated,
        Self::Revoked,
        Self::Renewed,
        Self::Expired,
        Self::Erased,
        Self::Stopped,
        Self::Blocked,
        Self::Unblocked,
    ];

    /// Kinds that the owner's history leaves out: to the owner, a share with a person who blocked them looks ordinary.
    pub const HIDDEN_FROM_OWNER: [Self; 2] = [Self::Blocked, Self::Unblocked];

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Revoked => "revoked",
            Self::Renewed => "renewed",
            Self::Expired => "expired",
            Self::Erased => "erased",
            Self::Stopped => "stopped",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What an update of a share was at `now`.
    pub fn of_update(before: &Share, after: &Share, now: Timestamp) -> Self {
        if before.has_expired(now) && !after.has_expired(now) { Self::Renewed } else { Self::Updated }
    }
}
