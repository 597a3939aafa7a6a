//! The outermost layer: a request gets its ids, an answer its envelope and the headers that every answer has, the log its
//! line.

use std::time::Instant;

use axum::{extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use tracing::{Instrument, info, info_span};
use uuid::Uuid;

use crate::error::ApiError;

/// The header that carries the id of a request.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header that carries the trace a request belongs to (W3C Trace Context).
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The headers that every answer has.
const EVERY_ANSWER: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
];

/// What identifies a request, here and in the services it reaches.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// As the client chose it, or made here.
    pub request_id: HeaderValue,
    /// As the client sent it, or made here.
    pub traceparent: HeaderValue,
    /// When it came.
    pub arrived: Instant,
    /// When all of it was there: the time for an answer begins here.
    pub whole: Instant,
}

/// Wraps every request.
pub async fn with_context(mut request: Request, next: Next) -> Response {
    let context = RequestContext::of(request.headers());
    let arrived = context.arrived;
    let request_id = context.request_id.to_str().unwrap_or_default().to_owned();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(context.clone());

    let span = info_span!("request", request_id);
    let answered = next.run(request).instrument(span.clone()).await;
    let mut response = match answered.extensions().get::<ApiError>() {
        Some(error) => with_headers_of(error.respond(&request_id), &answered),
        None => answered,
    };
    let headers = response.headers_mut();
    for (name, value) in EVERY_ANSWER {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.insert(X_REQUEST_ID, context.request_id);
    headers.insert(TRACEPARENT, context.traceparent);
    span.in_scope(|| {
        let status = response.status().as_u16();
        let micros = u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        info!(%method, path, status, micros, "answered");
    });
    response
}

/// Keeps the headers that inner layers put on an answer whose body is written here.
fn with_headers_of(mut response: Response, inner: &Response) -> Response {
    for (name, value) in inner.headers() {
        if *name != header::CONTENT_LENGTH {
            response.headers_mut().entry(name).or_insert(value.clone());
        }
    }
    response
}

impl RequestContext {
    fn of(headers: &HeaderMap) -> Self {
        let request_id = headers.get(X_REQUEST_ID).filter(|id| is_request_id(id)).cloned();
        let traceparent = headers.get(TRACEPARENT).filter(|parent| is_traceparent(parent.as_bytes())).cloned();
        let now = Instant::now();
        Self {
            arrived: now,
            whole: now,
            request_id: request_id.unwrap_or_else(|| made(&Uuid::now_v7().to_string())),
            traceparent: traceparent.unwrap_or_else(|| {
                let (trace, span) = (Uuid::new_v4().simple().to_string(), Uuid::new_v4().simple().to_string());
                made(&format!("00-{trace}-{}-00", span.get(..16).unwrap_or_default()))
            }),
        }
    }
}

fn made(id: &str) -> HeaderValue {
    HeaderValue::from_str(id).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

fn is_request_id(id: &HeaderValue) -> bool {
    (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zero (<https://www.w3.org/TR/trace-context/#traceparent-header>).
fn is_traceparent(parent: &[u8]) -> bool {
    let parts: Vec<&[u8]> = parent.split(|byte| *byte == b'-').collect();
    let [b"00", trace, span, flags] = parts.as_slice() else { return false };
    let is_hex = |part: &[u8], length: usize| {
        part.len() == length && part.iter().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte))
    };
    let is_set = |part: &[u8]| part.iter().any(|byte| *byte != b'0');
    is_hex(trace, 32) && is_hex(span, 16) && is_hex(flags, 2) && is_set(trace) && is_set(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_taken_only_as_w3c_writes_it() {
        assert!(is_traceparent(b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for bad in [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_traceparent(bad.as_bytes()), "{bad}");
        }
        assert!(is_traceparent(RequestContext::of(&HeaderMap::new()).traceparent.as_bytes()));
    }
}
