//! Maps errors to gRPC statuses, and logs their causes.

use std::time::Duration;

use grpc_server::rpc_error::RpcError;
use tonic::{Code, Status};
use tracing::{error, warn};
use types::FieldErrors;

use crate::error::Error;

/// The error domain.
pub const DOMAIN: &str = "sharing.ofself.ai";

/// The retry delay if a response cannot be stored: stored responses expire within a day.
const RETRY_KEPT_ANSWERS: Duration = Duration::from_hours(1);
/// The retry delay if events take too many bytes: they are pruned day by day.
const RETRY_EVENTS: Duration = Duration::from_hours(24);

/// The retry delay while stops wait to be carried out.
const RETRY_STOPS: Duration = Duration::from_mins(1);

/// The status of an error; causes are only logged.
pub(super) fn status(error: Error) -> Status {
    let message = error.to_string();
    let (code, refusal) = match error {
        Error::Invalid(fields) => (Code::InvalidArgument, RpcError::validation(fields)),
        Error::ShareNotFound => (Code::NotFound, RpcError::new("SHARE_NOT_FOUND")),
        Error::Forbidden => (Code::PermissionDenied, RpcError::new("FORBIDDEN")),
        Error::SharingExists(share) => {
            (Code::AlreadyExists, RpcError::new("SHARING_EXISTS").with("share_id", share.to_string()))
        }
        Error::ShareRevoked => (Code::FailedPrecondition, RpcError::new("SHARE_REVOKED")),
        Error::PreconditionFailed => (Code::Aborted, RpcError::new("PRECONDITION_FAILED")),
        Error::IdempotencyKeyReused => (Code::FailedPrecondition, RpcError::new("IDEMPOTENCY_KEY_REUSED")),
        Error::IdempotencyKeyInFlight => (Code::Aborted, RpcError::new("IDEMPOTENCY_KEY_IN_FLIGHT")),
        Error::TooManyKeptAnswers => {
            (Code::ResourceExhausted, RpcError::new("RATE_LIMIT_EXCEEDED").with_retry(RETRY_KEPT_ANSWERS))
        }
        Error::TooManyEvents => {
            (Code::ResourceExhausted, RpcError::new("RATE_LIMIT_EXCEEDED").with_retry(RETRY_EVENTS))
        }
        Error::TooManyStops => (Code::ResourceExhausted, RpcError::new("RATE_LIMIT_EXCEEDED").with_retry(RETRY_STOPS)),
        Error::UserBeingErased => (Code::FailedPrecondition, RpcError::new("USER_BEING_ERASED")),
        Error::TokenAhead => (Code::FailedPrecondition, RpcError::new("TOKEN_AHEAD")),
        Error::FilterTooLarge => (Code::ResourceExhausted, RpcError::new("FILTER_TOO_LARGE")),
        Error::Unavailable(cause) => {
            warn!(cause = format!("{cause:#}"), "the database is unavailable");
            (Code::Unavailable, RpcError::new("SERVICE_UNAVAILABLE"))
        }
        Error::Unwritable(cause) => {
            error!(cause = format!("{cause:#}"), "cannot store a change: the database is not writable");
            (Code::Unavailable, RpcError::new("SERVICE_UNAVAILABLE"))
        }
        Error::Internal(cause) => {
            error!(cause = format!("{cause:#}"), "internal error");
            (Code::Internal, RpcError::new("INTERNAL_SERVER_ERROR"))
        }
    };
    refusal.into_status(code, &message, DOMAIN)
}

/// A valid request, or its errors.
pub(super) fn validated<T>(read: Option<T>, errors: FieldErrors) -> Result<T, Status> {
    errors.into_read(read).map_err(|errors| status(Error::Invalid(errors)))
}
