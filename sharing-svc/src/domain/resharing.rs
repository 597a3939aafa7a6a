//! When a share may be re-shared.

use types::{FieldErrors, Timestamp};

use super::{NewShare, UserId, access::Chain, quota::cannot_receive};

/// Links on the longest chain, the owner's own share included.
pub const MAX_CHAIN: usize = 8;

/// The errors of a re-share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReshareError {
    /// The share, or one above it, is revoked.
    Revoked,
    /// The caller is not its recipient, or it may not be re-shared, by its own flag or by one above it.
    NotReshareable,
    /// These fields are wrong.
    Invalid(FieldErrors),
}

/// Validates that `creator` may re-share the share of `parent` as `asked`, at `now`.
///
/// Whether the recipient is on the chain already is looked at last, and answered as a quota is: what others share must not show
/// in which of the two it was.
pub fn check_reshare(parent: &Chain, creator: &UserId, asked: &NewShare, now: Timestamp) -> Result<(), ReshareError> {
    let share = parent.share();
    if share.recipient != *creator {
        return Err(ReshareError::NotReshareable);
    }
    if parent.is_revoked() {
        return Err(ReshareError::Revoked);
    }
    let mut errors = FieldErrors::new();
    if parent.until().is_some_and(|end| end <= now) {
        errors.add("parent_share_id", "names a share that has expired");
    }
    if parent.links().any(|link| !link.terms.rights.share) {
        return Err(ReshareError::NotReshareable);
    }
    if share.depth() >= MAX_CHAIN {
        errors.add("parent_share_id", format!("names a share that was re-shared {} times already", MAX_CHAIN - 1));
    }
    asked.terms.validate_within_parent(&share.terms, None, &mut errors);
    errors.into_result(()).map_err(ReshareError::Invalid)?;
    let is_on_chain = parent.links().any(|link| link.recipient == asked.recipient);
    if is_on_chain || asked.recipient == share.owner {
        return Err(ReshareError::Invalid(cannot_receive()));
    }
    Ok(())
}
