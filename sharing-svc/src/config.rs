//! Every setting of the service.

use service_kit::{
    database::DatabaseSettings,
    server::ListenAddress,
    service::ServiceSettings,
    settings::{self, FileSettings},
};

use crate::domain::{Quotas, Usage};

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
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub quotas: QuotaSettings,
    /// The rest
    #[command(flatten)]
    pub service: ServiceSettings,
}

/// Quotas of shares.
#[derive(clap::Args, Clone, Debug)]
pub struct QuotaSettings {
    /// Active shares that one owner may have with one recipient; as many re-shares to that recipient may stand beside them
    #[arg(long, env = "MAX_SHARES_PER_RECIPIENT", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub max_shares_per_recipient: u32,
    /// Ids that these shares may name together; as many may be named by the re-shares
    #[arg(long, env = "MAX_IDS_PER_RECIPIENT", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub max_ids_per_recipient: u32,
    /// Bytes that these ids may take; as many may be taken by those of the re-shares
    #[arg(long, env = "MAX_ID_BYTES_PER_RECIPIENT", default_value_t = 8 * 1024 * 1024, value_parser = clap::value_parser!(u32).range(131_072..))]
    pub max_id_bytes_per_recipient: u32,
    /// Active re-shares of one owner's data that one user may have created
    #[arg(long, env = "MAX_RESHARES_PER_CREATOR", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_reshares_per_creator: u32,
    /// Active shares that one owner may have; as many re-shares of their data may stand beside them
    #[arg(long, env = "MAX_SHARES_PER_OWNER", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_shares_per_owner: u32,
}

impl QuotaSettings {
    /// The quotas that they set.
    pub fn quotas(&self) -> Quotas {
        Quotas {
            pair: Usage {
                shares: self.max_shares_per_recipient.into(),
                ids: self.max_ids_per_recipient.into(),
                id_bytes: self.max_id_bytes_per_recipient.into(),
            },
            reshares_per_creator: self.max_reshares_per_creator.into(),
            shares_per_owner: self.max_shares_per_owner.into(),
        }
    }
}

impl Default for QuotaSettings {
    fn default() -> Self {
        Self {
            max_shares_per_recipient: 1_000,
            max_ids_per_recipient: 20_000,
            max_id_bytes_per_recipient: 8 * 1024 * 1024,
            max_reshares_per_creator: 1_000,
            max_shares_per_owner: 100_000,
        }
    }
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
