//! How much may stand between two people. Every question about them reads all of it, so that without a bound two people could
//! make questions that nobody can answer.

use vocabulary::FieldErrors;

use super::{Scope, Share};

/// Active shares from one person to another at most.
const MAX_SHARES: i64 = 1_000;
/// Bytes that the ids of these shares, and of those they were passed on from, may take as JSON: 200,000 UUIDs.
const MAX_ID_BYTES: i64 = 8 * 1024 * 1024;

/// What stands between two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crowding {
    /// Active shares from the one to the other.
    pub shares: i64,
    /// Bytes that their ids take as JSON, and those of the shares above them.
    pub id_bytes: i64,
}

/// Between whom it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Between {
    /// The two people of the share that is made or changed.
    ItsPeople,
    /// Its owner, and somebody to whom it was passed on.
    ItsOwnerAndOneBelow,
}

impl Crowding {
    /// Refuses `share`, which is counted already, where it is too much. `before`: what it was changed from, unless it was made or
    /// has come back to life. What others made must not keep a person from narrowing a share: that has as much room again.
    pub fn admit(self, between: Between, share: &Share, before: Option<&Share>) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::new();
        if before.is_none() && self.shares > MAX_SHARES {
            let (field, must) = match between {
                Between::ItsPeople => (
                    "shared_with_user_id",
                    format!("has {MAX_SHARES} active shares of this owner already; change or revoke one of them"),
                ),
                Between::ItsOwnerAndOneBelow => (
                    "expires_at",
                    format!(
                        "makes more than {MAX_SHARES} shares active for somebody to whom it was passed on; revoke some"
                    ),
                ),
            };
            errors.add(field, must);
        }
        let is_narrower = before.is_some_and(|before| share.terms.scope.wider_than(&before.terms.scope).is_none());
        let most_bytes = if is_narrower { 2 * MAX_ID_BYTES } else { MAX_ID_BYTES };
        if self.id_bytes > most_bytes {
            let (otherwise, whom) = match between {
                // What it was passed on from is too much.
                Between::ItsPeople => ("parent_share_id", "between the two"),
                Between::ItsOwnerAndOneBelow => ("expires_at", "for somebody to whom it was passed on"),
            };
            let field = match share.terms.scope {
                Scope::Tags(_) => "tag_ids",
                Scope::Nodes(_) | Scope::Graph(_) => "node_ids",
                Scope::All => otherwise,
            };
            let all = most_bytes / (1024 * 1024);
            let must = format!(
                "makes the ids of all active shares {whom} more than {all} MiB; make it smaller, or revoke one"
            );
            errors.add(field, must);
        }
        errors.into_result(())
    }
}
