//! Every setting of the gateway.

use std::time::Duration;

use admission::AdmissionSettings;
use http::HeaderValue;
use http_server::{
    ConnectionSettings, ListenAddress, PlainText,
    tls::{ClientTls, ServerTls},
};
use runtime::{
    settings::{self, FileSettings},
    shutdown::ShutdownSettings,
};
use telemetry::TelemetrySettings;

use crate::{auth::AuthSettings, upstream_url::UpstreamUrl};

/// The REST API of OfSelf's permission plane.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "gateway", version)]
pub struct Command {
    /// The command
    #[command(subcommand)]
    pub action: Action,
}

/// The commands of the program.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action {
    /// Serve the REST API
    Serve(Settings),
    /// Check these settings, report errors and how to fix them, and change nothing
    Doctor(Settings),
    /// Report whether the program with these settings is ready; exit with 0 if so
    Ready {
        #[command(flatten)]
        #[expect(missing_docs, reason = "explained where it is declared")]
        file: FileSettings,
        /// The admin address of that program
        #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
        admin_listen: ListenAddress,
    },
}

/// How the gateway runs.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub file: FileSettings,
    /// Where to listen for HTTP: an address and a port, or `unix:/path`
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: ListenAddress,
    /// Address of health checks and metrics
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: ListenAddress,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub end: ShutdownSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub tls: ServerTls,
    /// Use plain text beyond this machine, to clients and to services; tokens can be read on the way
    #[arg(long, env = "INSECURE_PLAINTEXT", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub insecure_plaintext: bool,
    /// Where sharing-svc is: `https://host:port`, `http://` on this machine, or `unix:/path`
    #[arg(long, env = "SHARING_URL", default_value = "http://127.0.0.1:50051")]
    pub sharing_url: UpstreamUrl,
    /// Where exposure-svc is
    #[arg(long, env = "EXPOSURE_URL", default_value = "http://127.0.0.1:50052")]
    pub exposure_url: UpstreamUrl,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub upstream_tls: ClientTls,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub connections: ConnectionSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub limits: Limits,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub auth: AuthSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub telemetry: TelemetrySettings,
}

/// Limits and CORS of the gateway.
#[derive(clap::Args, Clone, Debug)]
pub struct Limits {
    /// Requests a minute for each user; 0: no limit. Each replica counts for itself
    #[arg(long, env = "RATE_LIMIT", default_value_t = 600)]
    pub rate_limit: u32,
    /// The deadline of a response, including all calls to services
    #[arg(long, env = "DEADLINE", default_value = "5s", value_parser = humantime::parse_duration)]
    pub deadline: Duration,
    /// Origins whose pages may call the API
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', default_value = "https://app.ofself.ai", value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub load: AdmissionSettings,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rate_limit: 600,
            deadline: Duration::from_secs(5),
            cors_origins: Vec::new(),
            load: AdmissionSettings::default(),
        }
    }
}

impl Settings {
    /// Whether plain text may be spoken beyond this machine.
    pub fn plain_text(&self) -> PlainText {
        if self.insecure_plaintext { PlainText::Anywhere } else { PlainText::OnThisMachine }
    }
}

/// Parses an origin; a wildcard is an error.
fn origin(text: &str) -> Result<HeaderValue, String> {
    let text = text.trim();
    let is_origin = text.split_once("://").is_some_and(|(scheme, host)| {
        matches!(scheme, "http" | "https") && !host.is_empty() && !host.contains(['/', '*', ' '])
    });
    if !is_origin {
        return Err("must be an origin, as in https://app.ofself.ai".to_owned());
    }
    HeaderValue::from_str(text).map_err(|error| error.to_string())
}

impl Command {
    /// Reads the settings of this process.
    pub fn read() -> Self {
        settings::parse()
    }
}
