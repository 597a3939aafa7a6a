//! Every option of `ofself`.

use std::{path::PathBuf, time::Duration};

use gateway::config::Limits;
use http_server::ListenAddress;
use telemetry::TelemetrySettings;
use types::{Id, User};

/// OfSelf's permission plane in one process: who may see which of your nodes, and what your apps may see of them.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "ofself", version, args_conflicts_with_subcommands = true)]
pub struct Command {
    /// The command [default: serve]
    #[command(subcommand)]
    pub action: Option<Action>,
    /// How to serve
    #[command(flatten)]
    pub serve: ServeSettings,
}

/// The commands of the program.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action {
    /// Serve the REST API and both services
    Serve(ServeSettings),
    /// Check these settings, report errors and how to fix them, and change nothing
    Doctor(ServeSettings),
    /// Report whether the `ofself` with these settings is ready; exit with 0 if so
    Ready {
        /// The admin address of that program
        #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
        admin_listen: ListenAddress,
    },
    /// Create the data directory and its signing key, unless they are there; `serve` does the same
    Init {
        /// The directory of the signing key
        #[arg(long, env = "DATA_DIR", default_value = "./data")]
        data_dir: PathBuf,
    },
    /// Print a token, signed with the key of a data directory that `serve` or `init` created
    Token(TokenSettings),
    /// Create an authority and certificates to try mutual TLS
    Certificates(CertificateSettings),
}

/// How to serve.
#[derive(clap::Args, Clone, Debug)]
pub struct ServeSettings {
    /// Fill an empty data directory with demo data: people, apps and shares of Alice's; its default is then `./data/demo`
    #[arg(long)]
    pub demo: bool,
    /// The directory of the databases and the signing key
    #[arg(long, env = "DATA_DIR", default_value = "./data", default_value_if("demo", "true", "./data/demo"))]
    pub data_dir: PathBuf,
    /// The HTTP address; port 0 selects a free one
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: ListenAddress,
    /// Where sharing listens for gRPC
    #[arg(long, env = "SHARING_LISTEN", default_value = "127.0.0.1:50051")]
    pub sharing_listen: ListenAddress,
    /// Where exposure listens for gRPC
    #[arg(long, env = "EXPOSURE_LISTEN", default_value = "127.0.0.1:50052")]
    pub exposure_listen: ListenAddress,
    /// Address of health checks and metrics
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9090")]
    pub admin_listen: ListenAddress,
    /// Listen in plain text on addresses that are not loopback; every peer can read the traffic and has every role
    #[arg(long, env = "INSECURE_PLAINTEXT", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub insecure_plaintext: bool,
    /// How long requests in flight may take after SIGTERM
    #[arg(long, env = "DRAIN", default_value = "10s", value_parser = humantime::parse_duration)]
    pub drain: Duration,
    /// The delay between revoking and deleting the data of an erased person, so that watchers receive the revocations
    #[arg(long, env = "ERASURE_DELAY", default_value = "10m", value_parser = humantime::parse_duration)]
    pub erasure_delay: Duration,
    /// Limits of the gateway
    #[command(flatten)]
    pub limits: Limits,
    /// How it is followed from outside
    #[command(flatten)]
    pub telemetry: TelemetrySettings,
}

/// Which token to mint.
#[derive(clap::Args, Clone, Debug)]
pub struct TokenSettings {
    /// The user of the token
    #[arg(long, value_parser = |text: &str| Id::<User>::parse(text))]
    pub user: Id<User>,
    /// Of which kind of app: L0 first-party, L1 native, L2 third-party
    #[arg(long, default_value = "L0", value_parser = ["L0", "L1", "L2"])]
    pub tier: String,
    /// The lifetime of the token
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    pub ttl: Duration,
    /// The directory of the signing key
    #[arg(long, env = "DATA_DIR", default_value = "./data")]
    pub data_dir: PathBuf,
}

/// The certificates to create.
#[derive(clap::Args, Clone, Debug)]
pub struct CertificateSettings {
    /// The output directory; an existing authority in it is reused
    #[arg(long, default_value = "./certificates")]
    pub out: PathBuf,
    /// The trust domain of the SPIFFE ids
    #[arg(long, default_value = "ofself.local")]
    pub trust_domain: String,
    /// The lifetime of the certificates; the authority is valid for a year
    #[arg(long, default_value = "720h", value_parser = humantime::parse_duration)]
    pub ttl: Duration,
    /// Additional host names and addresses of every certificate, besides `localhost`, `127.0.0.1` and the name of the service
    #[arg(long = "name", value_name = "HOST")]
    pub names: Vec<String>,
}
