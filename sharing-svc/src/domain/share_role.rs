//! The role of a user towards a share.

use super::{Share, Source, UserId};

/// The role of a user who may see a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareRole {
    /// The nodes are theirs.
    Owner,
    /// They created the re-share.
    Creator,
    /// They may act on the nodes.
    Recipient,
}

impl ShareRole {
    /// The role of `user` towards `share`; `None`: the share does not exist for them.
    pub fn of(user: &UserId, share: &Share) -> Option<Self> {
        if *user == share.owner {
            Some(Self::Owner)
        } else if *user == share.creator && matches!(share.source, Source::Reshare { .. }) {
            Some(Self::Creator)
        } else if *user == share.recipient {
            Some(Self::Recipient)
        } else {
            None
        }
    }

    /// Whether they may change or revoke it.
    pub fn may_change(self) -> bool {
        match self {
            Self::Owner | Self::Creator => true,
            Self::Recipient => false,
        }
    }
}
