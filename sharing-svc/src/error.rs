//! Errors of operations, without transport or database terms.

use std::fmt;

use service::{consistency::TokenAhead, cpu_work::CpuWorkError};
use types::FieldErrors;

use crate::domain::ShareId;

/// Why an operation did not happen. Nothing was changed.
#[derive(Debug)]
pub enum Error {
    /// These fields are wrong.
    Invalid(FieldErrors),
    /// The share does not exist, or the caller may not see it.
    ShareNotFound,
    /// The caller sees the share but may not do this with it.
    Forbidden,
    /// An active share grants the same scope to the same person already.
    SharingExists(ShareId),
    /// The share is revoked, which is final.
    ShareRevoked,
    /// The share has another version than the caller expects.
    PreconditionFailed,
    /// The idempotency key came with another request before.
    IdempotencyKeyReused,
    /// The first request with this idempotency key is still in flight.
    IdempotencyKeyInFlight,
    /// The shares between the two have more ids than a filter may.
    FilterTooLarge,
    /// A person whom the change names is being erased.
    UserBeingErased,
    /// A consistency token is ahead of the database.
    TokenAhead,
    /// The quota of stored responses under this caller's idempotency keys is exhausted.
    TooManyKeptAnswers,
    /// The events of what this caller created take as many bytes as they may.
    TooManyEvents,
    /// Too many stops of this owner wait to be carried out.
    TooManyStops,
    /// The database is away or overloaded; the same call may succeed later.
    Unavailable(anyhow::Error),
    /// The database is read, and does not take writes: its disk is full or failing, or the server is a standby.
    Unwritable(anyhow::Error),
    /// An internal error.
    Internal(anyhow::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(errors) => f.write_str(&errors.first()),
            Self::ShareNotFound => f.write_str("there is no such share"),
            Self::Forbidden => f.write_str("you may see this share but not do that with it"),
            Self::SharingExists(id) => write!(f, "share `{id}` grants the same to the same person; change that one"),
            Self::ShareRevoked => f.write_str("the share is revoked; create a new one"),
            Self::PreconditionFailed => f.write_str("the share was changed; read it again"),
            Self::IdempotencyKeyReused => f.write_str("this idempotency key was used for another request"),
            Self::IdempotencyKeyInFlight => {
                f.write_str("the first request with this idempotency key is still in flight; retry later")
            }
            Self::FilterTooLarge => {
                f.write_str("the shares have too many ids for a filter; use BatchCheckAccess")
            }
            Self::UserBeingErased => f.write_str("a person whom this names is being erased"),
            Self::TokenAhead => TokenAhead.fmt(f),
            Self::TooManyEvents => f.write_str(
                "the event quota is exhausted; changes that grant more access are rejected until the oldest events are pruned",
            ),
            Self::TooManyKeptAnswers => f.write_str(
                "too many responses are stored under your idempotency keys; wait until some are 24 hours old, or send no key",
            ),
            Self::TooManyStops => f.write_str("too many stops are still being carried out; retry in a minute"),
            Self::Unwritable(_) => f.write_str("changes cannot be stored at the moment; reads work"),
            Self::Unavailable(_) => f.write_str("sharing is unavailable; retry later"),
            Self::Internal(_) => f.write_str("internal error"),
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
            | Self::UserBeingErased
            | Self::TokenAhead
            | Self::TooManyKeptAnswers
            | Self::TooManyEvents
            | Self::TooManyStops => None,
        }
    }
}

impl From<CpuWorkError> for Error {
    fn from(error: CpuWorkError) -> Self {
        match error {
            CpuWorkError::NoPermit(_) => Self::Unavailable(error.into()),
            CpuWorkError::Failed(_) => Self::Internal(error.into()),
        }
    }
}

impl From<TokenAhead> for Error {
    fn from(TokenAhead: TokenAhead) -> Self {
        Self::TokenAhead
    }
}
