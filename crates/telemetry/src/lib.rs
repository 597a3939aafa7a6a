//! Logs, distributed traces (OTLP) and the W3C trace context between processes.
//!
//! Logs and traces hold no tokens, keys or user content.

pub mod doctor;
mod early_drop_guard;
mod keyed_ratio_sampler;
mod log_writer;
mod logs;
mod peer_log_limit;
mod settings;
mod trace_parent;
mod traces;

pub use early_drop_guard::EarlyDropGuard;
pub use peer_log_limit::PEER_LOG_TARGET;
pub use settings::{OtlpEndpoint, TelemetrySettings};
pub use trace_parent::TraceParent;
pub use traces::{Sampling, client_span, current_traceparent, finish, is_exporting, server_span};

use tracing_appender::non_blocking::WorkerGuard;

/// The telemetry of one program.
pub struct Telemetry<'a> {
    /// The name of the service in traces.
    pub name: &'static str,
    /// The program's own crates, which may log in detail if `RUST_LOG` asks for it.
    pub crates: &'static [&'static str],
    /// Where the sampling decision is made.
    pub sampling: Sampling,
    /// `None` for a command that answers one question and exits: no traces.
    pub settings: Option<&'a TelemetrySettings>,
}

/// Flushes telemetry when dropped.
pub struct TelemetryGuard {
    exporting: Option<traces::TraceExporter>,
    _log: WorkerGuard,
}

impl Telemetry<'_> {
    /// Starts logs and traces. Must be called inside a Tokio runtime.
    pub fn start(&self) -> anyhow::Result<TelemetryGuard> {
        let exporting = match self.settings {
            Some(TelemetrySettings { otlp_endpoint, trace_ratio }) => otlp_endpoint
                .uri()
                .map(|endpoint| traces::TraceExporter::to(endpoint, *trace_ratio, self.name, self.sampling))
                .transpose()?,
            None => None,
        };
        let log = logs::start(self.crates, exporting.as_ref());
        Ok(TelemetryGuard { exporting, _log: log })
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(exporting) = self.exporting.take() {
            exporting.end();
        }
    }
}
