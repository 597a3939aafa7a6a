//! The one place where an error becomes a gRPC status, and where its cause is logged.

use std::time::Duration;

use grpc_server::rpc_error::RpcError;
use tonic::{Code, Status};
use tracing::{error, warn};
use types::FieldErrors;

use crate::{domain::AppId, error::Error};

/// Of the apps that keep a profile only so many are named: a status travels in headers, which every peer bounds.
const NAMED_APPS: usize = 25;

/// Whose errors these are.
pub const DOMAIN: &str = "exposure.ofself.ai";

/// When a request whose answer cannot be kept may be sent again: kept answers expire one by one, within a day.
const RETRY_KEPT_ANSWERS: Duration = Duration::from_hours(1);

/// The status that says why; causes stay in the log.
pub(super) fn status(error: Error) -> Status {
    let message = error.to_string();
    let (code, refusal) = match error {
        Error::Invalid(fields) => (Code::InvalidArgument, RpcError::validation(fields)),
        Error::ProfileNotFound => (Code::NotFound, RpcError::new("PROFILE_NOT_FOUND")),
        Error::AppAccessNotFound => (Code::NotFound, RpcError::new("APP_ACCESS_NOT_FOUND")),
        Error::ProfileIsDefault => (Code::FailedPrecondition, RpcError::new("PROFILE_IS_DEFAULT")),
        Error::ProfileInUse(apps) => {
            let named: Vec<_> = apps.iter().take(NAMED_APPS).map(AppId::as_str).collect();
            let refusal = RpcError::new("PROFILE_IN_USE").with("apps", named.join(","));
            let refusal = match apps.len().saturating_sub(NAMED_APPS) {
                0 => refusal,
                more => refusal.with("more_apps", more.to_string()),
            };
            (Code::FailedPrecondition, refusal)
        }
        Error::AppAccessExists(grant) => {
            (Code::AlreadyExists, RpcError::new("APP_ACCESS_EXISTS").with("grant_id", grant.to_string()))
        }
        Error::PreconditionFailed => (Code::Aborted, RpcError::new("PRECONDITION_FAILED")),
        Error::IdempotencyKeyReused => (Code::FailedPrecondition, RpcError::new("IDEMPOTENCY_KEY_REUSED")),
        Error::IdempotencyKeyInFlight => (Code::Aborted, RpcError::new("IDEMPOTENCY_KEY_IN_FLIGHT")),
        Error::TooManyKeptAnswers => {
            (Code::ResourceExhausted, RpcError::new("RATE_LIMIT_EXCEEDED").with_retry(RETRY_KEPT_ANSWERS))
        }
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
