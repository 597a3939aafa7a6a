//! The outermost layer: request ids, common response headers, the error envelope and the log line.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use telemetry::{EarlyDropGuard, PEER_LOG_TARGET, TraceParent, current_traceparent, server_span};
use tracing::{Instrument, Span, debug, info};
use types::{Id, User};
use uuid::Uuid;

use super::requests;
use crate::{auth::Caller, error::ApiError};

/// The header that carries the id of a request.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header that carries the trace a request belongs to (W3C Trace Context).
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static(TraceParent::HEADER);

/// The log status of a request whose client disconnected before the response.
const CLIENT_WENT_AWAY: StatusCode = match StatusCode::from_u16(499) {
    Ok(status) => status,
    Err(_) => StatusCode::REQUEST_TIMEOUT,
};

/// Bytes of a path in the log. Paths of the API are shorter.
const MAX_LOGGED_PATH: usize = 512;

/// The headers of every response.
const EVERY_ANSWER: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
];

/// The ids of a request, here and in the services it reaches.
#[derive(Clone, Debug)]
pub(crate) struct RequestContext {
    /// As the client chose it, or made here.
    pub request_id: HeaderValue,
    /// As the client sent it, or made here.
    pub traceparent: HeaderValue,
    /// The trace context for the called services: a client does not decide which traces are sampled.
    pub onward: HeaderValue,
    /// The arrival of the complete request: the deadline starts here.
    pub whole: Instant,
}

/// Wraps every request.
pub(crate) async fn with_context(mut request: Request, next: Next) -> Response {
    let arrived = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    let request_id = request_id(request.headers());
    let request_id_text = request_id.to_str().unwrap_or_default().to_owned();
    let trace = Trace::begin(&operation(&method, route), &request_id_text, request.headers());
    let (traceparent, onward) = (made(&trace.parent.to_string()), made(&trace.onward.to_string()));
    let context = RequestContext { request_id, traceparent, onward, whole: arrived };
    request.extensions_mut().insert(context.clone());

    let end = |status: StatusCode, user: Option<&Id<User>>, is_shed: bool| {
        requests::answered(&method, route, status, arrived.elapsed(), &trace.span);
        trace.span.in_scope(|| {
            let (method, path) = (requests::written(&method), logged(&path));
            let (status, micros) = (status.as_u16(), u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX));
            // Metrics cover both. A line for each rejected request would take the time of accepted ones.
            match user {
                _ if is_shed => debug!(method, path, status, micros, "answered"),
                Some(user) => info!(method, path, status, micros, %user, "answered"),
                // A peer without a token must not fill the log.
                None if status >= 400 => info!(target: PEER_LOG_TARGET, method, path, status, micros, "rejected"),
                None => info!(target: PEER_LOG_TARGET, method, path, status, micros, "answered"),
            }
        });
    };
    let early_drop = EarlyDropGuard::new(|| end(CLIENT_WENT_AWAY, None, false));
    let answered = next.run(request).instrument(trace.span.clone()).await;
    early_drop.completed();
    let refusal = answered.extensions().get::<ApiError>().cloned();
    let caller = answered.extensions().get::<Caller>().cloned();
    let mut response = match &refusal {
        Some(error) => with_headers_of(error.respond(&request_id_text), &answered),
        None => answered,
    };
    let headers = response.headers_mut();
    add_common_headers(headers);
    headers.insert(X_REQUEST_ID, context.request_id);
    headers.insert(TRACEPARENT, context.traceparent);
    let is_shed = refusal.is_some_and(|error| error.is_shed());
    end(response.status(), caller.as_ref().map(|caller| &caller.user), is_shed);
    response
}

/// The part of a path that is logged: lines wait in memory to be written, so what a client chooses is bounded.
fn logged(path: &str) -> &str {
    path.get(..path.floor_char_boundary(MAX_LOGGED_PATH)).unwrap_or_default()
}

/// The id of a request: the client's own, or a new one.
pub(crate) fn request_id(headers: &HeaderMap) -> HeaderValue {
    let given = headers.get(X_REQUEST_ID).filter(|id| is_request_id(id)).cloned();
    given.unwrap_or_else(|| made(&Uuid::now_v7().to_string()))
}

/// Adds the headers of every response, where they are not set.
pub(crate) fn add_common_headers(headers: &mut HeaderMap) {
    for (name, value) in EVERY_ANSWER {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// The route of a request, one of a bounded set.
fn operation(method: &Method, route: Option<&str>) -> String {
    let method = requests::written(method);
    route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}"))
}

/// The trace that a request belongs to.
struct Trace {
    span: Span,
    /// Response headers for the client.
    parent: TraceParent,
    /// Metadata for the called services.
    onward: TraceParent,
}

impl Trace {
    fn begin(operation: &str, request_id: &str, headers: &HeaderMap) -> Self {
        let caller = TraceParent::of(headers);
        let random = || TraceParent::new(Uuid::new_v4().as_u128(), Uuid::new_v4().as_u64_pair().0);
        if !telemetry::is_exporting() {
            let parent = caller.unwrap_or_else(random);
            // Its id ties the log lines together.
            let span = server_span(operation, request_id, Some(parent));
            return Self { span, parent, onward: parent.not_kept() };
        }
        let span = server_span(operation, request_id, caller);
        let here = current_traceparent(&span).or(caller).unwrap_or_else(random);
        Self { span, parent: here, onward: here }
    }
}

/// Keeps the headers of inner layers on a response whose body is written here.
fn with_headers_of(mut response: Response, inner: &Response) -> Response {
    for (name, value) in inner.headers() {
        if *name != header::CONTENT_LENGTH {
            response.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    response
}

fn made(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

fn is_request_id(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logged_path_is_bounded() {
        assert_eq!(logged("/api/v1/sharing"), "/api/v1/sharing");
        assert_eq!(logged(&"/x".repeat(10_000)).len(), MAX_LOGGED_PATH);
        assert_eq!(logged(&format!("/{}", "é".repeat(10_000))).len(), MAX_LOGGED_PATH - 1, "a whole character");
    }
}
