//! A gRPC service from an open database to its last call.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use sea_orm_migration::MigratorTrait;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::{
    admin::{self, Readiness},
    clock::Clock,
    database::{Database, DatabaseSettings},
    grpc::{self, Contract, GrpcSettings, Health},
    idempotency,
    process::ConfigurationError,
    settings::{FileSettings, duration},
    shutdown::Shutdown,
};

/// What every service is told, whatever it serves.
#[derive(clap::Args, Clone, Debug)]
pub struct ServiceSettings {
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub file: FileSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub database: DatabaseSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub grpc: GrpcSettings,
    /// How long calls under way may go on after SIGTERM
    #[arg(long, env = "DRAIN", default_value = "10s", value_parser = duration)]
    pub drain: Duration,
    /// Do not apply migrations; refuse to start without them
    #[arg(long, env = "NO_MIGRATE", default_value_t = false, action = clap::ArgAction::Set, num_args = 0..=1, default_missing_value = "true")]
    pub no_migrate: bool,
}

/// What tells one service from another.
pub struct Identity {
    /// The program, as an operator types it.
    pub program: &'static str,
    /// The schema it keeps to on PostgreSQL.
    pub schema: &'static str,
    /// The full names of its gRPC services, for health.
    pub services: Vec<&'static str>,
    /// What it says of itself by reflection.
    pub contract: Contract,
}

/// A service that listens and is about to serve.
pub struct Service {
    database: Database,
    listener: TcpListener,
    routes: Routes,
    health: Health,
    clock: Clock,
    contract: Contract,
    settings: ServiceSettings,
}

/// Opens the database of a service, its schema up to date, or says why it may not be used.
pub async fn open_database<M: MigratorTrait>(
    settings: &ServiceSettings,
    identity: &Identity,
) -> anyhow::Result<Database> {
    let database = Database::connect(&settings.database, identity.schema).await?;
    if settings.no_migrate {
        database.require_migrated::<M>(identity.program).await?;
    } else {
        database.migrate::<M>(identity.schema).await?;
    }
    Ok(database)
}

impl Service {
    /// Takes `address` for `routes`.
    pub async fn listen(
        address: SocketAddr,
        routes: Routes,
        identity: Identity,
        database: Database,
        clock: Clock,
        settings: ServiceSettings,
    ) -> anyhow::Result<Self> {
        let listener = grpc::bind(address, &settings.grpc).await?;
        let (health, routes) = Health::new(identity.services, routes).await;
        Ok(Self { database, listener, routes, health, clock, contract: identity.contract, settings })
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("a listener without an address")
    }

    /// Whether it should be sent work.
    pub fn readiness(&self) -> Readiness {
        self.health.readiness()
    }

    /// Serves until the shutdown begins and what is under way has finished.
    pub async fn serve(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { database, listener, routes, health, clock, contract, settings } = self;
        let watching = tokio::spawn(health.watch(database.clone(), shutdown.clone()));
        let sweeping = tokio::spawn(idempotency::sweep(database.clone(), clock, shutdown.clone()));
        let served = grpc::serve(listener, routes, &contract, &settings.grpc, shutdown.clone(), settings.drain).await;
        shutdown.begin();
        watching.await?;
        sweeping.await?;
        database.close().await;
        served
    }
}

/// Serves with an admin port beside, until a signal ends it: the whole life of a program that is one service.
pub async fn run(service: Service, admin_address: SocketAddr) -> anyhow::Result<()> {
    let admin = TcpListener::bind(admin_address)
        .await
        .map_err(|error| ConfigurationError::new(format!("cannot listen on {admin_address}: {error}")))?;
    let shutdown = Shutdown::on_signal()?;
    let admin = tokio::spawn(admin::serve(admin, vec![service.readiness()], shutdown.clone()));
    tracing::info!(address = %service.address()?, "listening");
    service.serve(shutdown).await?;
    // Only health checks could still be under way.
    admin.abort();
    Ok(())
}
