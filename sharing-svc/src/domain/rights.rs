//! The flags of a share.

/// The four flags of a share; none implies another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags are what a share is")]
pub struct Rights {
    /// See the nodes.
    pub read: bool,
    /// Change them.
    pub write: bool,
    /// Delete them.
    pub delete: bool,
    /// Pass them on.
    pub share: bool,
}

impl Rights {
    /// Read only: the default of a new share.
    pub const READ_ONLY: Self = Self { read: true, write: false, delete: false, share: false };

    /// Whether nothing may be done at all.
    pub fn is_nothing(self) -> bool {
        !(self.read || self.write || self.delete || self.share)
    }

    /// The flags that both have.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self {
            read: self.read && other.read,
            write: self.write && other.write,
            delete: self.delete && other.delete,
            share: self.share && other.share,
        }
    }

    /// Each flag by the name of its field.
    pub fn flags(self) -> [(&'static str, bool); 4] {
        [("can_read", self.read), ("can_write", self.write), ("can_delete", self.delete), ("can_share", self.share)]
    }
}
