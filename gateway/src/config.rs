//! Every setting of the gateway.

use std::{net::SocketAddr, time::Duration};

use http::{HeaderValue, Uri};
use service_kit::settings::{self, FileSettings, duration};

use crate::auth::AuthSettings;

/// The REST API of OfSelf's permission plane.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "gateway", version)]
pub struct Command {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What the program does.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action {
    /// Serve the REST API
    Serve(Settings),
}

/// How the gateway runs.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub file: FileSettings,
    /// Where to listen for HTTP
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where to answer health checks
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: SocketAddr,
    /// How long requests under way may go on after SIGTERM
    #[arg(long, env = "DRAIN", default_value = "10s", value_parser = duration)]
    pub drain: Duration,
    /// Where sharing-svc is
    #[arg(long, env = "SHARING_URL", default_value = "http://127.0.0.1:50051")]
    pub sharing_url: Uri,
    /// Where exposure-svc is
    #[arg(long, env = "EXPOSURE_URL", default_value = "http://127.0.0.1:50052")]
    pub exposure_url: Uri,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub limits: Limits,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub auth: AuthSettings,
}

/// What the gateway bounds, and whom it lets read its answers.
#[derive(clap::Args, Clone, Debug)]
pub struct Limits {
    /// Requests a minute for each user; 0: no limit. Each replica counts for itself
    #[arg(long, env = "RATE_LIMIT", default_value_t = 600)]
    pub rate_limit: u32,
    /// How long a service may take over one call
    #[arg(long, env = "DEADLINE", default_value = "5s", value_parser = duration)]
    pub deadline: Duration,
    /// Origins whose pages may call the API
    #[arg(long, env = "CORS_ORIGINS", value_delimiter = ',', default_value = "https://app.ofself.ai", value_parser = origin)]
    pub cors_origins: Vec<HeaderValue>,
}

/// Takes an origin; all of them at once is none.
fn origin(text: &str) -> Result<HeaderValue, String> {
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
