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

impl Crowding {
    /// Refuses `share`, which is counted already, where it is one too many.
    pub fn admit(self, share: &Share) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::new();
        if self.shares > MAX_SHARES {
            let must = format!("has {MAX_SHARES} active shares of this owner already; change or revoke one of them");
            errors.add("shared_with_user_id", must);
        }
        if self.id_bytes > MAX_ID_BYTES {
            let field = match share.terms.scope {
                Scope::Tags(_) => "tag_ids",
                Scope::Nodes(_) | Scope::Graph(_) => "node_ids",
                // What it was passed on from is too much.
                Scope::All => "parent_share_id",
            };
            let must = format!(
                "makes the ids of all active shares between the two more than {} MiB; make it smaller, or revoke one of them",
                MAX_ID_BYTES / (1024 * 1024)
            );
            errors.add(field, must);
        }
        errors.into_result(())
    }

    /// The same, of what stands between the owner and somebody to whom `share`, which was changed from `before`, was passed on. What
    /// others made of it must not keep its owner from narrowing it: that has as much room again.
    pub fn admit_below(self, share: &Share, before: &Share) -> Result<(), FieldErrors> {
        let is_wider = share.terms.scope.wider_than(&before.terms.scope).is_some();
        let is_narrower = share.terms.scope != before.terms.scope && !is_wider;
        let most_bytes = if is_narrower { 2 * MAX_ID_BYTES } else { MAX_ID_BYTES };
        let mut errors = FieldErrors::new();
        if self.shares > MAX_SHARES {
            let must = format!(
                "makes more than {MAX_SHARES} shares active for somebody to whom it was passed on; revoke some of these"
            );
            errors.add("expires_at", must);
        }
        if self.id_bytes > most_bytes {
            let field = match share.terms.scope {
                Scope::Tags(_) => "tag_ids",
                Scope::Nodes(_) | Scope::Graph(_) => "node_ids",
                Scope::All => "expires_at",
            };
            let must = format!(
                "makes the ids of all active shares for somebody to whom it was passed on more than {} MiB; make it smaller, or \
                 revoke some of these",
                most_bytes / (1024 * 1024)
            );
            errors.add(field, must);
        }
        errors.into_result(())
    }
}
