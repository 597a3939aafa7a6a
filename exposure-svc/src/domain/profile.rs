//! An exposure profile.

use types::{Id, Timestamp, User, minted_id};
use uuid::Uuid;

use super::{Description, ProfileName, Rules, Warning};

/// A person.
pub type UserId = Id<User>;

/// The id of a profile; minted here, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ProfileId(pub Uuid);

/// What an app bound to it may see of a person's data and do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: ProfileId,
    /// The person whose data it covers.
    pub owner: UserId,
    /// Its name, for its owner.
    pub name: ProfileName,
    /// The description by its owner.
    pub description: Option<Description>,
    /// Its rules for nodes.
    pub rules: Rules,
    /// What its owner should know of these rules, whatever the directory says of their tags: computed when they are written.
    pub formula_warnings: Vec<Warning>,
    /// An inactive profile exposes nothing.
    pub is_active: bool,
    /// At most one of its owner's profiles is; it cannot be deleted while it is.
    pub is_default: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Grows by one with every change.
    pub version: i64,
}

impl ProfileId {
    /// Parses a text from outside; one that is not a UUID is the id of no profile.
    pub fn parse(text: &str) -> Option<Self> {
        minted_id(text).map(Self)
    }
}

impl std::fmt::Display for ProfileId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
