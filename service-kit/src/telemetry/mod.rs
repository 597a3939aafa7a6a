//! What a process says of itself: logs, traces and metrics. None of them carries a token, a key or what somebody wrote; the
//! labels of metrics are few, and never a person's.

mod drawn;
mod logs;
pub mod metrics;
mod settings;
mod trace_parent;
mod traces;
mod unanswered;

pub use settings::{OtlpEndpoint, TelemetrySettings};
pub use trace_parent::TraceParent;
pub use traces::{Sampling, client_span, finish, here, server_span};
pub use unanswered::Unanswered;

/// Starts saying. Within a runtime; what it gives back must live as long as anything is said.
pub(crate) fn start(program: &Program<'_>) -> anyhow::Result<Telemetry> {
    metrics::start();
    let exporting = match program.telemetry {
        Some(TelemetrySettings { otlp_endpoint, trace_ratio }) => {
            let exporting = otlp_endpoint.uri().map(|endpoint| traces::Exporting::to(endpoint, *trace_ratio, program));
            exporting.transpose()?
        }
        None => None,
    };
    logs::start(program.crates, exporting.as_ref());
    Ok(Telemetry { exporting })
}

/// What tells one program from another, for those who read what it says.
pub struct Program<'a> {
    /// Its name, as an operator types it.
    pub name: &'static str,
    /// Its command line, with every setting that it reads.
    pub command: clap::Command,
    /// Its own crates, which may log in detail where that is asked for.
    pub crates: &'static [&'static str],
    /// Who decides which traces are kept.
    pub sampling: Sampling,
    /// `None`: it answers one question and ends, and nobody follows it.
    pub telemetry: Option<&'a TelemetrySettings>,
}

/// What is being said.
pub(crate) struct Telemetry {
    exporting: Option<traces::Exporting>,
}

impl Telemetry {
    /// Sends what is not sent yet, for a little while.
    pub(crate) fn end(self) {
        if let Some(exporting) = self.exporting {
            exporting.end();
        }
    }
}
