//! Why an operation did not happen, in terms that no transport and no database knows.

use std::fmt;

use types::FieldErrors;

use crate::domain::ShareId;

/// Why an operation did not happen. Nothing was changed.
#[derive(Debug)]
pub enum Error {
    /// These fields are wrong.
    Invalid(FieldErrors),
    /// There is no such share, as far as this caller may know.
    ShareNotFound,
    /// The caller sees the share but may not do this with it.
    Forbidden,
    /// An active share grants the same scope to the same person already.
    SharingExists(ShareId),
    /// The share is revoked, which is final.
    ShareRevoked,
    /// The share stands at another version than the caller expects.
    PreconditionFailed,
    /// The idempotency key came with another request before.
    IdempotencyKeyReused,
    /// The first request with this idempotency key is still in flight.
    IdempotencyKeyInFlight,
    /// The shares between the two name more ids than a filter holds.
    FilterTooLarge,
    /// The answers kept under this caller's idempotency keys take all that they may.
    TooManyKeptAnswers,
    /// The database is away or overloaded; the same call may succeed later.
    Unavailable(anyhow::Error),
    /// The database is read, and does not take writes: its disk is full or failing, or the server is a standby.
    Unwritable(anyhow::Error),
    /// A fault of ours.
    Internal(anyhow::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(errors) => f.write_str(&errors.first()),
            Self::ShareNotFound => f.write_str("there is no such share"),
            Self::Forbidden => f.write_str("you may see this share but not do that with it"),
            Self::SharingExists(id) => write!(f, "share `{id}` grants the same to the same person; change that one"),
            Self::ShareRevoked => f.write_str("the share is revoked; make a new one"),
            Self::PreconditionFailed => f.write_str("the share was changed since; read it again"),
            Self::IdempotencyKeyReused => f.write_str("this idempotency key was used for another request"),
            Self::IdempotencyKeyInFlight => {
                f.write_str("the first request with this idempotency key is still in flight; retry later")
            }
            Self::FilterTooLarge => {
                f.write_str("the shares name too many ids for a filter; ask BatchCheckAccess instead")
            }
            Self::TooManyKeptAnswers => f.write_str(
                "too many answers are kept under your idempotency keys; wait until some are 24 hours old, or send none",
            ),
            Self::Unwritable(_) => f.write_str("changes cannot be stored at the moment; reads are answered"),
            Self::Unavailable(_) => f.write_str("sharing is unavailable for the moment; try again"),
            Self::Internal(_) => f.write_str("something went wrong on our side"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(cause) | Self::Unwritable(cause) | Self::Internal(cause) => Some(cause.as_ref()),
            Self::Invalid(_)
            | Self::ShareNotFound
            | Self::Forbidden
            | Self::SharingExists(_)
            | Self::ShareRevoked
            | Self::PreconditionFailed
            | Self::IdempotencyKeyReused
            | Self::IdempotencyKeyInFlight
            | Self::FilterTooLarge
            | Self::TooManyKeptAnswers => None,
        }
    }
}
