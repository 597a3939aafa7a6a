//! Metrics of requests (<https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>).

use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{SharedString, describe_histogram, histogram};
use telemetry;
use tracing::Span;

const DURATION: &str = "http_server_request_duration_seconds";
/// The route label of an unknown path: paths that clients invent must not become labels.
const NO_ROUTE: &str = "_OTHER";

/// Describes the metrics. Call it once, before the first measurement.
pub(crate) fn describe() {
    describe_histogram!(DURATION, "Duration of requests in seconds");
}

/// Records a completed request, and finishes its span.
pub(super) fn answered(method: &Method, route: Option<&str>, status: StatusCode, took: Duration, span: &Span) {
    let route: SharedString = route.map_or(NO_ROUTE.into(), |route| route.to_owned().into());
    let labels = [
        metrics::Label::from_static_parts("http_request_method", written(method)),
        metrics::Label::new("http_route", route.clone()),
        metrics::Label::new("http_response_status_code", status.as_str().to_owned()),
    ];
    histogram!(DURATION, labels.to_vec()).record(took.as_secs_f64());
    let attributes = || {
        [
            ("http.request.method", written(method).into()),
            ("http.route", route.as_ref().to_owned().into()),
            ("http.response.status_code", i64::from(status.as_u16()).into()),
        ]
    };
    telemetry::finish(span, attributes, status.is_server_error());
}

/// The known methods (RFC 9110), and one label for all others.
pub(super) fn written(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "PATCH" => "PATCH",
        _ => "_OTHER",
    }
}
