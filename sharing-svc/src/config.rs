//! Every setting of the service.

use service_kit::{
    database::DatabaseSettings,
    server::ListenAddress,
    service::ServiceSettings,
    settings::{self, FileSettings},
};

/// Which other people may read, change, delete or pass on which of a person's nodes.
#[derive(clap::Parser, Clone, Debug)]
#[command(name = "sharing-svc", version)]
pub struct Command {
    /// What to do
    #[command(subcommand)]
    pub action: Action,
}

/// What the program does.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action {
    /// Serve shares over gRPC
    Serve(Settings),
    /// Say what is wrong with these settings and how to mend it, and change nothing
    Doctor(Settings),
    /// Ask the program that runs with these settings whether it should be sent work, and exit with 0 if so
    Ready {
        #[command(flatten)]
        #[expect(missing_docs, reason = "explained where it is declared")]
        file: FileSettings,
        /// The admin address of that program
        #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9091")]
        admin_listen: ListenAddress,
    },
    /// Bring the schema of the database up to date, and exit
    Migrate(MigrateSettings),
}

/// How the service runs.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings {
    /// Where to listen for gRPC: an address and a port, or `unix:/path`
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:50051")]
    pub listen: ListenAddress,
    /// Where to answer health checks, over HTTP and gRPC, and give metrics
    #[arg(long, env = "ADMIN_LISTEN", default_value = "127.0.0.1:9091")]
    pub admin_listen: ListenAddress,
    /// The rest
    #[command(flatten)]
    pub service: ServiceSettings,
}

/// Which database to bring up to date.
#[derive(clap::Args, Clone, Debug)]
pub struct MigrateSettings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub file: FileSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub database: DatabaseSettings,
}

impl Command {
    /// Reads the settings of this process.
    pub fn read() -> Self {
        settings::parse()
    }
}
