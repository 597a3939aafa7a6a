//! `doctor`: what is wrong with a configuration, and how to mend it. It looks, and changes nothing.

use std::{fmt, path::Path, time::Duration};

use crate::{
    database::DatabaseSettings,
    misspelled_variables::misspelled_variables,
    process::ConfigurationError,
    server::{ListenAddress, Listener, PlainText, plain_text_refused},
    telemetry::TelemetrySettings,
    tls::valid_until,
};

/// A certificate that is good for less is worth a word.
const SOON: Duration = Duration::from_hours(14 * 24);
/// What does not answer by then is away.
const PATIENCE: Duration = Duration::from_secs(2);
/// Fewer open files would turn connections away.
const OPEN_FILES: u64 = 4_096;

/// What was found.
pub struct Doctor {
    findings: Vec<Finding>,
    part: &'static str,
}

struct Finding {
    part: &'static str,
    subject: &'static str,
    verdict: Verdict,
    says: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Doubtful,
    Wrong,
}

impl Doctor {
    /// Begins with what every process stands on: open files, where traces go, and its environment.
    pub async fn new(command: &clap::Command, telemetry: &TelemetrySettings) -> Self {
        let mut doctor = Self { findings: Vec::new(), part: "process" };
        doctor.process(telemetry).await;
        doctor.environment(command);
        doctor
    }

    /// What is looked at from here on belongs to `part`.
    pub fn turn_to(&mut self, part: &'static str) {
        self.part = part;
    }

    fn find(&mut self, subject: &'static str, verdict: Verdict, says: String) {
        self.findings.push(Finding { part: self.part, subject, verdict, says });
    }

    /// It is as it should be.
    pub fn good(&mut self, subject: &'static str, says: impl Into<String>) {
        self.find(subject, Verdict::Good, says.into());
    }

    /// It works, and somebody should know something about it.
    pub fn doubtful(&mut self, subject: &'static str, says: impl Into<String>) {
        self.find(subject, Verdict::Doubtful, says.into());
    }

    /// It does not work; `error` says what to do.
    pub fn wrong(&mut self, subject: &'static str, error: &anyhow::Error) {
        self.find(subject, Verdict::Wrong, format!("{error:#}"));
    }

    /// Takes what came of a look; where it is good, `says` tells how.
    pub fn look<T, E: Into<anyhow::Error>>(
        &mut self,
        subject: &'static str,
        seen: Result<T, E>,
        says: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match seen {
            Ok(seen) => {
                self.good(subject, says(&seen));
                Some(seen)
            }
            Err(error) => {
                self.wrong(subject, &error.into());
                None
            }
        }
    }

    /// Looks whether the address could be taken. `plain_text` says where it may be spoken there; `None`: TLS is.
    pub async fn address(&mut self, subject: &'static str, address: &ListenAddress, plain_text: Option<PlainText>) {
        if plain_text == Some(PlainText::OnThisMachine) && !address.is_of_this_machine() {
            return self.wrong(subject, &plain_text_refused(address).into());
        }
        if plain_text == Some(PlainText::Anywhere) && !address.is_of_this_machine() {
            self.doubtful(subject, format!("{address} speaks plain text: whoever reaches it reads along"));
        }
        if let ListenAddress::Unix(path) = address {
            let folder = path.parent().unwrap_or(Path::new("/"));
            let says = format!("{address}, a socket file of its owner and group");
            return if folder.is_dir() {
                self.good(subject, says);
            } else {
                self.doubtful(subject, format!("{says}; its folder {} will be made", folder.display()));
            };
        }
        match Listener::bind(address, None, PlainText::NothingToHide).await {
            Ok(_) => self.good(subject, format!("{address} is free")),
            Err(error) => self.doubtful(subject, format!("{error}; is this program running already?")),
        }
    }

    /// Looks at a certificate: until when is it good?
    pub fn certificate(&mut self, subject: &'static str, path: &Path, now: vocabulary::Instant) {
        let file = path.display();
        match valid_until(path) {
            Err(error) => self.wrong(subject, &error.into()),
            Ok(end) => {
                let left = end - now.utc().timestamp();
                let days = left / (24 * 60 * 60);
                if left <= 0 {
                    let says = format!("{file} has expired; put a new one in its place, it is read without a restart");
                    self.wrong(subject, &ConfigurationError::new(says).into());
                } else if left < i64::try_from(SOON.as_secs()).unwrap_or(i64::MAX) {
                    self.doubtful(subject, format!("{file} is good for {days} more days; see that it is renewed"));
                } else {
                    self.good(subject, format!("{file} is good for {days} more days"));
                }
            }
        }
    }

    /// Looks whether the file of a SQLite database is there; `false`: there is nothing to look at yet.
    pub fn has_database(&mut self, settings: &DatabaseSettings) -> bool {
        let Some(path) = settings.sqlite_file() else { return true };
        if path.exists() {
            return true;
        }
        self.doubtful("database", format!("{} is not there yet; `serve` and `migrate` make it", path.display()));
        false
    }

    fn environment(&mut self, command: &clap::Command) {
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        for found in misspelled_variables(command, names) {
            self.doubtful("environment", found.message(command.get_name()));
        }
    }

    async fn process(&mut self, telemetry: &TelemetrySettings) {
        match rlimit::increase_nofile_limit(u64::MAX) {
            Ok(most) if most < OPEN_FILES => {
                self.doubtful("open files", format!("{most} at most; raise the limit (`ulimit -n`, LimitNOFILE=)"));
            }
            Ok(most) => self.good("open files", format!("{most} at most")),
            Err(error) => self.doubtful("open files", error.to_string()),
        }
        let Some(endpoint) = telemetry.otlp_endpoint.uri() else { return };
        let port = endpoint.port_u16().unwrap_or(if endpoint.scheme_str() == Some("https") { 443 } else { 80 });
        let host = endpoint.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect((host, port))).await {
            Ok(Ok(_)) => self.good("traces", format!("{endpoint} takes connections")),
            Ok(Err(error)) => self.doubtful("traces", format!("{endpoint}: {error}; traces will be lost")),
            Err(_) => self.doubtful("traces", format!("{endpoint} does not answer; traces will be lost")),
        }
    }

    /// What was found, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.findings.iter().map(ToString::to_string).collect()
    }

    /// Tells it; an error if anything is wrong.
    pub fn finish(self) -> anyhow::Result<()> {
        for line in self.lines() {
            println!("{line}");
        }
        match self.findings.iter().filter(|finding| finding.verdict == Verdict::Wrong).count() {
            0 => Ok(()),
            1 => anyhow::bail!("one thing is wrong"),
            many => anyhow::bail!("{many} things are wrong"),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Good => "good",
            Verdict::Doubtful => "look",
            Verdict::Wrong => "WRONG",
        };
        write!(f, "{verdict:<5}  {:<12}  {:<12}  {}", self.part, self.subject, self.says)
    }
}
