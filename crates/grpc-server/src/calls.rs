//! What is counted of calls, of those that are answered and of those that are made
//! (<https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/>), and how they are named.

use std::time::Duration;

use http::HeaderMap;
use metrics::{SharedString, describe_histogram, histogram};
use telemetry;
use tonic::{Code, Status};
use tracing::Span;

/// Calls that this process answered.
const ANSWERED: &str = "rpc_server_call_duration_seconds";
/// Calls that this process made.
const MADE: &str = "rpc_client_call_duration_seconds";
/// What a method is called that nobody serves: whatever callers make up must not become a label.
pub(super) const UNKNOWN_METHOD: &str = "_OTHER";

/// Which end of a call this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The one that answers.
    Server,
    /// The one that calls.
    Client,
}

/// Says what the counts mean. To be called once, before the first is counted.
pub fn describe(end: End) {
    match end {
        End::Server => describe_histogram!(ANSWERED, "Seconds until a call was answered, or a stream had begun"),
        End::Client => describe_histogram!(MADE, "Seconds until a call to another service was answered"),
    }
}

/// Counts a call of `method`, which took so long and answered with these headers, or not at all; and ends its step of the trace.
pub fn finished(end: End, method: impl Into<SharedString>, answer: Option<&HeaderMap>, took: Duration, span: &Span) {
    // A call that came to something has its status behind the answer, and any other before.
    let code = answer
        .map_or(Code::Unavailable, |headers| Status::from_header_map(headers).map_or(Code::Ok, |status| status.code()));
    count(end, method.into(), code, took, span);
}

/// The same of a call that nobody waits for any more.
pub fn abandoned(end: End, method: impl Into<SharedString>, waited: Duration, span: &Span) {
    count(end, method.into(), Code::Cancelled, waited, span);
}

fn count(end: End, method: SharedString, code: Code, took: Duration, span: &Span) {
    let name = match end {
        End::Server => ANSWERED,
        End::Client => MADE,
    };
    histogram!(name, "rpc_method" => method, "rpc_response_status_code" => written(code)).record(took.as_secs_f64());
    let failed = match end {
        End::Server => is_ours(code),
        End::Client => code != Code::Ok,
    };
    telemetry::finish(
        span,
        [("rpc.system.name", "grpc".into()), ("rpc.response.status_code", written(code).into())],
        failed,
    );
}

/// Whether it is the fault of whoever answers.
fn is_ours(code: Code) -> bool {
    matches!(
        code,
        Code::Unknown
            | Code::DeadlineExceeded
            | Code::Unimplemented
            | Code::Internal
            | Code::Unavailable
            | Code::DataLoss
    )
}

/// As the standard writes it (<https://grpc.io/docs/guides/status-codes/>).
pub(super) fn written(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
