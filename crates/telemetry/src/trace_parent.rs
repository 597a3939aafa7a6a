//! Trace context of a request between processes
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use std::fmt;

use http::{HeaderMap, HeaderName};
use opentelemetry::{
    Context,
    propagation::{Extractor, TextMapPropagator},
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// Reads headers for the propagator.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        // `tracestate` is not used, so a long one from a client costs nothing.
        (key == TraceParent::HEADER).then(|| self.0.get(key)?.to_str().ok())?
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

/// The trace that a request belongs to, and the step of it that sent the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

impl TraceParent {
    /// The header that carries it, in REST and in gRPC.
    pub const HEADER: &'static str = "traceparent";

    /// The trace context that a caller sent, if it is valid.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(Self::HEADER) {
            return None;
        }
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
        Self::of_span(context.span().span_context())
    }

    /// A new, unsampled trace with random ids.
    pub fn new(trace: u128, span: u64) -> Self {
        Self { trace: trace.max(1), span: span.max(1), flags: 0 }
    }

    /// The same context, unsampled.
    #[must_use]
    pub fn not_kept(self) -> Self {
        Self { flags: 0, ..self }
    }

    /// The id of the trace, as people search for it.
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace)
    }

    pub(super) fn of_span(span: &SpanContext) -> Option<Self> {
        span.is_valid().then(|| Self {
            trace: u128::from_be_bytes(span.trace_id().to_bytes()),
            span: u64::from_be_bytes(span.span_id().to_bytes()),
            flags: span.trace_flags().to_u8(),
        })
    }

    pub(super) fn into_span(self) -> SpanContext {
        let flags = TraceFlags::new(self.flags) & TraceFlags::SAMPLED;
        SpanContext::new(TraceId::from(self.trace), SpanId::from(self.span), flags, true, TraceState::default())
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        write!(f, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_valid_traceparent_is_accepted() {
        let of = |text: &str| {
            TraceParent::of(&HeaderMap::from_iter([(
                HeaderName::from_static(TraceParent::HEADER),
                http::HeaderValue::from_str(text).unwrap(),
            )]))
        };
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let parsed = of(good).unwrap();
        assert_eq!(parsed.to_string(), good);
        assert_eq!(TraceParent::of_span(&parsed.into_span()), Some(parsed));
        for bad in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }
}
