//! The actions on a node.

use crate::domain::Rights;

/// An action on a node. None implies another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See it.
    Read,
    /// Change it.
    Write,
    /// Delete it.
    Delete,
    /// Pass it on.
    Share,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Delete, Self::Share];

    /// Its verb in explanations.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Share => "share",
        }
    }

    /// The flag of a share that grants it.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Read => "can_read",
            Self::Write => "can_write",
            Self::Delete => "can_delete",
            Self::Share => "can_share",
        }
    }

    /// Whether these rights grant it.
    pub fn is_granted_by(self, rights: Rights) -> bool {
        match self {
            Self::Read => rights.read,
            Self::Write => rights.write,
            Self::Delete => rights.delete,
            Self::Share => rights.share,
        }
    }
}
