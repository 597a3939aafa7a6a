//! Traces: one for each request, through every process that works on it, by OTLP.

use std::{sync::OnceLock, time::Duration};

use anyhow::Context as _;
use http::{Uri, uri::Scheme};
use hyper_rustls::HttpsConnectorBuilder;
use opentelemetry::{
    Context, KeyValue,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider, ShouldSample},
};
use tonic::transport::{Channel, Endpoint};
use tracing::{Span, field, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{TraceParent, keyed_ratio_sampler::KeyedRatioSampler};

/// Spans are dropped if the collector takes longer.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit of the last export on shutdown.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// Set if this process exports spans.
static EXPORTED: OnceLock<()> = OnceLock::new();

/// Who decides which traces are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    /// This process, for every trace: clients could have all of theirs sampled.
    Root,
    /// The caller, if it has decided: it is a service of this plane.
    ParentBased,
}

/// The exporter of traces.
pub(super) struct TraceExporter(pub(super) SdkTracerProvider);

impl TraceExporter {
    pub(super) fn to(endpoint: &Uri, ratio: f64, name: &'static str, sampling: Sampling) -> anyhow::Result<Self> {
        let exporter =
            SpanExporter::builder().with_tonic().with_channel(channel(endpoint)?).with_timeout(EXPORT_TIMEOUT);
        let exporter = exporter.build().with_context(|| format!("cannot send traces to {endpoint}"))?;
        let resource = Resource::builder_empty()
            .with_service_name(name)
            .with_attribute(KeyValue::new("service.namespace", "ofself"))
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .build();
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler(sampling, ratio))
            .with_resource(resource)
            .build();
        EXPORTED.get_or_init(|| ());
        Ok(Self(provider))
    }

    pub(super) fn tracer(&self) -> opentelemetry_sdk::trace::SdkTracer {
        self.0.tracer("ofself")
    }

    pub(super) fn end(self) {
        // A collector that is away is not worth a longer leave.
        let _ = self.0.shutdown_with_timeout(LAST_WORDS);
    }
}

fn sampler(sampling: Sampling, ratio: f64) -> Box<dyn ShouldSample> {
    let keyed_ratio_sampler = Box::new(KeyedRatioSampler::new(ratio));
    match sampling {
        Sampling::Root => keyed_ratio_sampler,
        Sampling::ParentBased => Box::new(Sampler::ParentBased(keyed_ratio_sampler)),
    }
}

/// A channel that connects when it is first used. Not by tonic's own TLS: were that on, tonic would refuse every `https` channel
/// that brings a connector of its own, and those between our services do.
fn channel(endpoint: &Uri) -> anyhow::Result<Channel> {
    let collector = Endpoint::from(endpoint.clone()).connect_timeout(EXPORT_TIMEOUT).timeout(EXPORT_TIMEOUT);
    if endpoint.scheme() != Some(&Scheme::HTTPS) {
        return Ok(collector.connect_lazy());
    }
    let connector = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(rustls::crypto::aws_lc_rs::default_provider())
        .context("cannot read the trusted certificates of this machine")?
        .https_only()
        .enable_http2()
        .build();
    Ok(collector.connect_with_connector_lazy(connector))
}

/// The server span of a request, for logs and traces: a child of the caller's span, or the root of a new trace. `name` has low
/// cardinality.
pub fn server_span(name: &str, request_id: &str, caller: Option<TraceParent>) -> Span {
    if !is_exporting() {
        let trace_id = caller.map(|caller| caller.trace_id());
        return info_span!("request", operation = name, request_id, trace_id);
    }
    let span = info_span!(
        "request",
        operation = name,
        request_id,
        trace_id = field::Empty,
        otel.name = name,
        otel.kind = "server"
    );
    if let Some(caller) = caller {
        // Fails only if a span is not part of a trace.
        let _ = span.set_parent(Context::new().with_remote_span_context(caller.into_span()));
    }
    if let Some(here) = current_traceparent(&span) {
        span.record("trace_id", here.trace_id());
    }
    span
}

/// The client span of a call to another process.
pub fn client_span(name: &str) -> Span {
    if !is_exporting() {
        return Span::none();
    }
    info_span!("call", otel.name = name, otel.kind = "client")
}

/// The trace context of `span` within this process and its caller; `None` without traces.
pub fn current_traceparent(span: &Span) -> Option<TraceParent> {
    EXPORTED.get()?;
    TraceParent::of_span(span.context().span().span_context())
}

/// Whether spans are exported.
pub fn is_exporting() -> bool {
    EXPORTED.get().is_some()
}

/// Adds the final attributes of a request to its span, if spans are exported.
pub fn finish<A>(span: &Span, attributes: impl FnOnce() -> A, failed: bool)
where
    A: IntoIterator<Item = (&'static str, opentelemetry::Value)>,
{
    if !is_exporting() {
        return;
    }
    for (name, value) in attributes() {
        span.set_attribute(name, value);
    }
    if failed {
        span.set_status(opentelemetry::trace::Status::error(""));
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanKind, TraceId};
    use opentelemetry_sdk::trace::SamplingDecision;

    use super::*;

    #[test]
    fn service_follows_the_sampling_of_its_caller() {
        let called_in = |flags: &str| {
            let parent = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-{flags}");
            let headers = http::HeaderMap::from_iter([(
                http::HeaderName::from_static(TraceParent::HEADER),
                http::HeaderValue::from_str(&parent).unwrap(),
            )]);
            Context::new().with_remote_span_context(TraceParent::of(&headers).unwrap().into_span())
        };
        for (sampling, ratio, flags, kept) in [
            (Sampling::ParentBased, 0.0, "01", true),
            (Sampling::ParentBased, 1.0, "00", false),
            (Sampling::Root, 0.0, "01", false),
            (Sampling::Root, 1.0, "00", true),
        ] {
            let sampler = sampler(sampling, ratio);
            let trace = TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap();
            let said = sampler.should_sample(Some(&called_in(flags)), trace, "m", &SpanKind::Server, &[], &[]);
            let is_kept = said.decision == SamplingDecision::RecordAndSample;
            assert_eq!(is_kept, kept, "{sampling:?} at {ratio} under {flags}");
        }
    }
}
