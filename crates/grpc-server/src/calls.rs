//! Metrics of gRPC calls, as server and as client
//! (<https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/>), and how they are named.

use std::time::Duration;

use http::HeaderMap;
use metrics::{SharedString, describe_histogram, histogram};
use telemetry;
use tonic::{Code, Status};
use tracing::Span;

/// Server-side calls of this process.
const ANSWERED: &str = "rpc_server_call_duration_seconds";
/// Calls that this process made.
const MADE: &str = "rpc_client_call_duration_seconds";
/// The method label of a call without a method: names that callers invent must not become labels.
pub(super) const UNKNOWN_METHOD: &str = "_OTHER";

/// Which end of a call this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server.
    Server,
    /// The one that calls.
    Client,
}

/// Describes the metrics. Call it once, before the first measurement.
pub fn describe(end: End) {
    match end {
        End::Server => describe_histogram!(ANSWERED, "Duration of calls, or until the start of a stream, in seconds"),
        End::Client => describe_histogram!(MADE, "Duration of calls to other services in seconds"),
    }
}

/// Records a call of `method` with its duration and response headers, if any, and finishes its span.
pub fn finished(end: End, method: impl Into<SharedString>, answer: Option<&HeaderMap>, took: Duration, span: &Span) {
    // A completed call has its status in the trailers, any other in the headers.
    let code = answer
        .map_or(Code::Unavailable, |headers| Status::from_header_map(headers).map_or(Code::Ok, |status| status.code()));
    count(end, method.into(), code, took, span);
}

/// Records a cancelled call.
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
    let attributes = || [("rpc.system.name", "grpc".into()), ("rpc.response.status_code", written(code).into())];
    telemetry::finish(span, attributes, failed);
}

/// Whether the status is a server error.
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
