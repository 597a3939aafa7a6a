//! A process from its first line to its exit code.

use std::{fmt, process::ExitCode};

use tokio::runtime::Runtime;
use tracing::warn;

use crate::{
    misspelled_variables::misspelled_variables,
    telemetry::{self, Program, metrics},
};

/// Exit code for a bad option or configuration.
const EXIT_CONFIGURATION: u8 = 2;

/// A setting that cannot be used, found after the options were read. The process ends with 2 and says this one line.
#[derive(Debug)]
pub struct ConfigurationError(String);

impl ConfigurationError {
    /// `says` names the setting and what to do.
    pub fn new(says: impl Into<String>) -> Self {
        Self(says.into())
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigurationError {}

/// Runs a program: what it says of itself, the TLS library, the runtime, `work`, the exit code (0; 2 for a
/// [`ConfigurationError`]; 1 for anything else).
pub fn run<F: Future<Output = anyhow::Result<()>>>(program: &Program<'_>, work: impl FnOnce() -> F) -> ExitCode {
    // Two TLS libraries would leave rustls without a default, and the first connection with a panic.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // A connection is an open file, and many systems allow a process no more than 1,024 until it asks. What they do not give is
    // missed, if at all, when connections are taken, and said there.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| within(&runtime, program, work));
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    if error.is::<ConfigurationError>() { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
}

fn warn_of_misspelled_variables(program: &Program<'_>) {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for found in misspelled_variables(&program.command, names) {
        warn!(variable = found.name, "{}", found.message(program.name));
    }
}

fn within<F: Future<Output = anyhow::Result<()>>>(
    runtime: &Runtime,
    program: &Program<'_>,
    work: impl FnOnce() -> F,
) -> anyhow::Result<()> {
    let _entered = runtime.enter();
    let telemetry = telemetry::start(program)?;
    if program.telemetry.is_some() {
        warn_of_misspelled_variables(program);
    }
    runtime.spawn(metrics::put_together());
    let outcome = runtime.block_on(work());
    telemetry.end();
    outcome
}
