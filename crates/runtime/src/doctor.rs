//! `doctor`: checks a configuration and reports what is wrong and how to fix it. It changes nothing.
//!
//! This is the report. Each crate checks what it owns: `http_server::doctor` addresses and certificates, `persistence` the
//! database file, `telemetry` the collector.

use std::fmt;

use crate::misspelled_variables::misspelled_variables;

/// Fewer open files would turn connections away.
const OPEN_FILES: u64 = 4_096;

/// The findings so far.
pub struct Doctor {
    findings: Vec<Finding>,
    part: &'static str,
}

struct Finding {
    part: &'static str,
    subject: &'static str,
    verdict: Verdict,
    message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warning,
    Error,
}

impl Doctor {
    /// Starts with what every process depends on: the limit of open files, and its environment.
    pub fn new(command: &clap::Command) -> Self {
        let mut doctor = Self { findings: Vec::new(), part: "process" };
        doctor.check_open_files();
        doctor.check_environment(command);
        doctor
    }

    /// Later findings belong to `part`.
    pub fn set_part(&mut self, part: &'static str) {
        self.part = part;
    }

    fn add(&mut self, subject: &'static str, verdict: Verdict, message: String) {
        self.findings.push(Finding { part: self.part, subject, verdict, message });
    }

    /// Reports that `subject` works.
    pub fn ok(&mut self, subject: &'static str, message: impl Into<String>) {
        self.add(subject, Verdict::Ok, message.into());
    }

    /// Reports that `subject` works, with something an operator should know.
    pub fn warning(&mut self, subject: &'static str, message: impl Into<String>) {
        self.add(subject, Verdict::Warning, message.into());
    }

    /// Reports that `subject` does not work; `error` says what to do.
    pub fn error(&mut self, subject: &'static str, error: &anyhow::Error) {
        self.add(subject, Verdict::Error, format!("{error:#}"));
    }

    /// Reports the outcome of a check; `message` describes a success.
    pub fn report<T, E: Into<anyhow::Error>>(
        &mut self,
        subject: &'static str,
        outcome: Result<T, E>,
        message: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match outcome {
            Ok(value) => {
                self.ok(subject, message(&value));
                Some(value)
            }
            Err(error) => {
                self.error(subject, &error.into());
                None
            }
        }
    }

    fn check_environment(&mut self, command: &clap::Command) {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for found in misspelled_variables(command, names) {
            self.warning("environment", found.message(command.get_name()));
        }
    }

    fn check_open_files(&mut self) {
        match rlimit::increase_nofile_limit(u64::MAX) {
            Ok(limit) if limit < OPEN_FILES => {
                self.warning("open files", format!("at most {limit}; raise the limit (`ulimit -n`, LimitNOFILE=)"));
            }
            Ok(limit) => self.ok("open files", format!("at most {limit}")),
            Err(error) => self.warning("open files", error.to_string()),
        }
    }

    /// One line per finding.
    pub fn lines(&self) -> Vec<String> {
        self.findings.iter().map(ToString::to_string).collect()
    }

    /// Prints the findings. Returns an error if any of them is one.
    pub fn finish(self) -> anyhow::Result<()> {
        for line in self.lines() {
            println!("{line}");
        }
        match self.findings.iter().filter(|finding| finding.verdict == Verdict::Error).count() {
            0 => Ok(()),
            1 => anyhow::bail!("1 error"),
            many => anyhow::bail!("{many} errors"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warning => "warning",
            Verdict::Error => "error",
        };
        write!(f, "{verdict:<7}  {:<12}  {:<12}  {}", self.part, self.subject, self.message)
    }
}
