//! The command line of a service.

use std::ffi::OsString;

use clap::{CommandFactory, FromArgMatches};
use grpc_server::GrpcSettings;
use http_server::ListenAddress;
use persistence::{DatabaseSettings, retention::RetentionSettings};
use runtime::{
    settings::{self, FileSettings},
    shutdown::ShutdownSettings,
};
use telemetry::TelemetrySettings;

use crate::Definition;

/// The command line of a service with settings `S` of its own.
#[derive(clap::Parser, Clone, Debug)]
#[command(version)]
pub struct Command<S: clap::Args> {
    /// The command
    #[command(subcommand)]
    pub action: Action<S>,
}

/// The subcommands.
#[derive(clap::Subcommand, Clone, Debug)]
pub enum Action<S: clap::Args> {
    /// Serve over gRPC
    Serve(Settings<S>),
    /// Check these settings, report errors and how to fix them, and change nothing
    Doctor(Settings<S>),
    /// Report whether the program with these settings is ready; exit with 0 if so
    Ready {
        #[command(flatten)]
        #[expect(missing_docs, reason = "documented where it is declared")]
        file: FileSettings,
        /// The admin address of that program
        #[arg(long, env = "ADMIN_LISTEN")]
        admin_listen: ListenAddress,
    },
    /// Apply the pending migrations of the database schema, and exit
    Migrate(MigrateSettings),
}

/// The settings of `serve`.
#[derive(clap::Args, Clone, Debug)]
pub struct Settings<S: clap::Args> {
    /// Where to listen for gRPC: an address and a port, or `unix:/path`
    #[arg(long, env = "LISTEN")]
    pub listen: ListenAddress,
    /// Address of health checks, over HTTP and gRPC, and of metrics
    #[arg(long, env = "ADMIN_LISTEN")]
    pub admin_listen: ListenAddress,
    /// The settings of this service
    #[command(flatten)]
    pub own: S,
    /// The settings of every service
    #[command(flatten)]
    pub service: ServiceSettings,
}

/// The settings of every service.
#[derive(clap::Args, Clone, Debug)]
pub struct ServiceSettings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub file: FileSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub database: DatabaseSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub grpc: GrpcSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub end: ShutdownSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub telemetry: TelemetrySettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub retention: RetentionSettings,
    /// Do not apply migrations; refuse to start without them
    #[arg(long, env = "NO_MIGRATE", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub no_migrate: bool,
}

/// The settings of `migrate`.
#[derive(clap::Args, Clone, Debug)]
pub struct MigrateSettings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub file: FileSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub database: DatabaseSettings,
}

/// A service without settings of its own.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct NoSettings {}

/// The command line of the service `D`, with its name and default addresses.
pub fn command<D: Definition>() -> clap::Command {
    let listen = |command: clap::Command| {
        command
            .mut_arg("listen", |argument| argument.default_value(D::LISTEN).required(false))
            .mut_arg("admin_listen", |argument| argument.default_value(D::ADMIN_LISTEN).required(false))
    };
    Command::<D::Settings>::command()
        .name(D::PROGRAM)
        .about(D::ABOUT)
        .mut_subcommand("serve", listen)
        .mut_subcommand("doctor", listen)
        .mut_subcommand("ready", |command| {
            command.mut_arg("admin_listen", |argument| argument.default_value(D::ADMIN_LISTEN).required(false))
        })
}

/// Parses a command line of the service `D`, and the settings file that it names.
pub fn parse_from<D: Definition>(
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> Result<Command<D::Settings>, clap::Error> {
    let arguments = arguments.into_iter().map(Into::into).collect();
    settings::parse_command(command::<D>(), arguments, Command::from_arg_matches_mut)
}
