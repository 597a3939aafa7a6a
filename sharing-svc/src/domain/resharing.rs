//! When a share may be passed on.

use vocabulary::{FieldErrors, Instant};

use super::{NewShare, Share, Status, UserId};

/// Links on the longest chain, the owner's own share included.
pub const MAX_CHAIN: u8 = 8;

/// Why a share may not be passed on as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReshareRefusal {
    /// The share, or one above it, is revoked.
    Revoked,
    /// The caller is not who received it, or it may not be passed on, by its own flag or by one above it.
    NotPassable,
    /// These fields are wrong.
    Invalid(FieldErrors),
}

/// Checks that `maker` may pass on the first of `chain` (it, its parent, and so on up to the owner's own share) as
/// `asked`, at `now`.
pub fn check_reshare(chain: &[Share], maker: &UserId, asked: &NewShare, now: Instant) -> Result<(), ReshareRefusal> {
    let Some(parent) = chain.first() else { return Err(ReshareRefusal::NotPassable) };
    if parent.recipient != *maker {
        return Err(ReshareRefusal::NotPassable);
    }
    let mut errors = FieldErrors::new();
    match parent.status(now) {
        Status::Active => {}
        Status::Revoked => return Err(ReshareRefusal::Revoked),
        Status::Expired => errors.add("parent_share_id", "names a share that has expired"),
    }
    if chain.iter().any(|link| !link.terms.rights.share) {
        return Err(ReshareRefusal::NotPassable);
    }
    if parent.depth() >= MAX_CHAIN {
        errors.add("parent_share_id", format!("names a share that was passed on {} times already", MAX_CHAIN - 1));
    }
    if asked.recipient == parent.owner || chain.iter().any(|link| link.recipient == asked.recipient) {
        errors.add("shared_with_user_id", "must be neither the owner nor somebody the share came through");
    }
    asked.terms.refuse_wider_than(&parent.terms, None, &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(ReshareRefusal::Invalid(errors)) }
}
