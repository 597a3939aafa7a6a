//! A process from its first line to its exit code.

use std::{fmt, process::ExitCode};

use tokio::runtime::Runtime;
use tracing::warn;

use crate::{metrics, misspelled_variables::misspelled_variables};

/// Exit code for a bad option or configuration.
const EXIT_CONFIGURATION: u8 = 2;

/// An invalid setting, found after the options were parsed. The process prints this line and exits with 2.
#[derive(Debug)]
pub struct ConfigurationError(String);

impl ConfigurationError {
    /// `message` names the setting and the fix.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for ConfigurationError {}

/// A program: its name and its command line, with every setting that it reads.
pub struct Program {
    /// The name that an operator types.
    pub name: &'static str,
    /// The command line.
    pub command: clap::Command,
    /// Whether the command serves until it is stopped. Other commands print a result and exit.
    pub is_server: bool,
}

/// Runs a program: TLS provider, runtime, telemetry, `work`, exit code (0; 2 for a [`ConfigurationError`]; 1 for anything else).
/// `telemetry` runs inside the runtime; its value is dropped after `work`, which flushes it.
pub fn run<T, F: Future<Output = anyhow::Result<()>>>(
    program: &Program,
    telemetry: impl FnOnce() -> anyhow::Result<T>,
    work: impl FnOnce() -> F,
) -> ExitCode {
    // Two TLS libraries would leave rustls without a default, and the first connection with a panic.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // A connection is an open file, and many systems allow a process 1,024 until it asks for more. If the limit stays low,
    // accepting connections fails, and that is logged.
    let _ = rlimit::increase_nofile_limit(u64::MAX);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| run_in(&runtime, program, telemetry, work));
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    eprintln!("error: {error:#}");
    if error.is::<ConfigurationError>() { ExitCode::from(EXIT_CONFIGURATION) } else { ExitCode::FAILURE }
}

fn run_in<T, F: Future<Output = anyhow::Result<()>>>(
    runtime: &Runtime,
    program: &Program,
    telemetry: impl FnOnce() -> anyhow::Result<T>,
    work: impl FnOnce() -> F,
) -> anyhow::Result<()> {
    let _entered = runtime.enter();
    metrics::install();
    let _telemetry = telemetry()?;
    if program.is_server {
        warn_of_misspelled_variables(program);
    }
    runtime.spawn(metrics::run_upkeep());
    runtime.block_on(work())
}

fn warn_of_misspelled_variables(program: &Program) {
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for found in misspelled_variables(&program.command, names) {
        warn!(variable = found.name, "{}", found.message(program.name));
    }
}
