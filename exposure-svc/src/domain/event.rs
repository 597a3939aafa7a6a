//! Events: what changed about a profile, a grant or a tag, when and by whom.

use types::Timestamp;

use super::{AppAccess, KnownTag, Profile, UserId};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A profile was created.
    Created,
    /// A profile was changed, or the tag directory gave it another meaning.
    Updated,
    /// A profile was deactivated.
    Deactivated,
    /// A profile was deleted.
    Deleted,
    /// An app was bound to a profile.
    Granted,
    /// The profile or the end of a grant was changed.
    GrantUpdated,
    /// A grant was revoked.
    GrantRevoked,
    /// The expiry of a grant has passed.
    GrantExpired,
    /// A tag was learned, renamed or deleted.
    TagsChanged,
    /// A person was erased.
    Erased,
    /// The grants of all apps, or of one, were ended at once. The event has no row.
    Stopped,
}

/// A row of one of the three kinds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangedRow {
    /// A profile, with its tags as they are stored.
    Profile(Box<Profile>),
    /// A grant.
    Grant(AppAccess),
    /// A tag.
    Tag(KnownTag),
}

/// One committed change of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileEvent {
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
    /// The user; empty: a person was erased.
    pub user: String,
    /// The version of the user's data that the change made.
    pub user_version: i64,
    /// The event is about the user, and not about one row.
    pub concerns_user: bool,
    /// The app of a grant, or of an event without a row.
    pub app: Option<String>,
    /// The row before.
    pub before: Option<ChangedRow>,
    /// The row after.
    pub after: Option<ChangedRow>,
}

/// A row of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// The row.
    pub row: ChangedRow,
    /// Its user.
    pub user: UserId,
    /// The version of the user's data from which it was read.
    pub user_version: i64,
    /// When it was read.
    pub read_at: Timestamp,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Created,
        Self::Updated,
        Self::Deactivated,
        Self::Deleted,
        Self::Granted,
        Self::GrantUpdated,
        Self::GrantRevoked,
        Self::GrantExpired,
        Self::TagsChanged,
        Self::Erased,
        Self::Stopped,
    ];

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deactivated => "deactivated",
            Self::Deleted => "deleted",
            Self::Granted => "granted",
            Self::GrantUpdated => "grant_updated",
            Self::GrantRevoked => "grant_revoked",
            Self::GrantExpired => "grant_expired",
            Self::TagsChanged => "tags_changed",
            Self::Erased => "erased",
            Self::Stopped => "stopped",
        }
    }

    /// The kind of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What an update of a profile was.
    pub fn of_update(before: &Profile, after: &Profile) -> Self {
        if before.is_active && !after.is_active { Self::Deactivated } else { Self::Updated }
    }
}
