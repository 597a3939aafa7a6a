//! What somebody is to a share.

use super::{Share, Source, UserId};

/// What somebody is to a share they may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// The nodes are theirs.
    Owner,
    /// They passed it on.
    Maker,
    /// They may act on the nodes.
    Recipient,
}

impl Party {
    /// What `user` is to `share`; `None`: a stranger, for whom there is no such share.
    pub fn of(user: &UserId, share: &Share) -> Option<Self> {
        if *user == share.owner {
            Some(Self::Owner)
        } else if *user == share.maker && matches!(share.source, Source::Reshare { .. }) {
            Some(Self::Maker)
        } else if *user == share.recipient {
            Some(Self::Recipient)
        } else {
            None
        }
    }

    /// Whether they may change or revoke it.
    pub fn may_change(self) -> bool {
        match self {
            Self::Owner | Self::Maker => true,
            Self::Recipient => false,
        }
    }
}
