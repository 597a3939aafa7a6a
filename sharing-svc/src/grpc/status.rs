//! The one place where an error becomes a gRPC status, and where its cause is logged.

use std::time::Duration;

use grpc_server::rpc_error::RpcError;
use tonic::{Code, Status};
use tracing::{error, warn};
use types::FieldErrors;

use crate::error::Error;

/// Whose errors these are.
pub const DOMAIN: &str = "sharing.ofself.ai";

/// When a request whose answer cannot be kept may be sent again: kept answers expire one by one, within a day.
const RETRY_KEPT_ANSWERS: Duration = Duration::from_hours(1);

/// The status that says why; causes stay in the log.
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
        Error::FilterTooLarge => (Code::ResourceExhausted, RpcError::new("FILTER_TOO_LARGE")),
        Error::Unavailable(cause) => {
            warn!(cause = format!("{cause:#}"), "a call was refused because the database is unavailable");
            (Code::Unavailable, RpcError::new("SERVICE_UNAVAILABLE"))
        }
        Error::Unwritable(cause) => {
            error!(cause = format!("{cause:#}"), "a change could not be stored: the database does not take writes");
            (Code::Unavailable, RpcError::new("SERVICE_UNAVAILABLE"))
        }
        Error::Internal(cause) => {
            error!(cause = format!("{cause:#}"), "a call failed by a fault of ours");
            (Code::Internal, RpcError::new("INTERNAL_SERVER_ERROR"))
        }
    };
    refusal.into_status(code, &message, DOMAIN)
}

/// A request that was read without a fault, or what is wrong with it.
pub(super) fn validated<T>(read: Option<T>, errors: FieldErrors) -> Result<T, Status> {
    errors.into_read(read).map_err(|errors| status(Error::Invalid(errors)))
}
