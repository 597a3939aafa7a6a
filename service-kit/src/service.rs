//! A gRPC service from an open database to its last call.

use std::pin::Pin;

use anyhow::Context;
use sea_orm_migration::MigratorTrait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;
use vocabulary::Instant;

use crate::{
    admin::{Admin, Readiness},
    clock::Clock,
    database::{ClockSync, Database, DatabaseSettings},
    doctor::Doctor,
    grpc::{Contract, GrpcServer, GrpcSettings, Health},
    idempotency,
    retention::RetentionSettings,
    server::ListenAddress,
    settings::FileSettings,
    shutdown::{EndSettings, Shutdown},
    telemetry::TelemetrySettings,
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
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub end: EndSettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub telemetry: TelemetrySettings,
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub retention: RetentionSettings,
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
    server: GrpcServer,
    routes: Routes,
    health: Health,
    clock: Clock,
    end: EndSettings,
    name: &'static str,
    clock_sync: ClockSync,
    background: Vec<BackgroundTask>,
}

/// Work that goes on beside the calls until the shutdown begins.
type BackgroundTask = Box<dyn FnOnce(Shutdown) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send>;

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

/// Looks at all that a service stands on before it serves at `address`.
pub async fn examine<M: MigratorTrait>(
    doctor: &mut Doctor,
    settings: &ServiceSettings,
    identity: &Identity,
    address: &ListenAddress,
    now: Instant,
) {
    doctor.turn_to(identity.program);
    if doctor.has_database(&settings.database) {
        let database = Database::connect(&settings.database, identity.schema).await;
        if let Some(database) = doctor.look("database", database, |database| format!("{} answers", database.kind())) {
            let pending = database.pending_migrations::<M>().await;
            match pending {
                Ok(0) => doctor.good("schema", "up to date"),
                Ok(lacks) if settings.no_migrate => {
                    let says = format!("lacks {lacks} migration(s); run `{} migrate`", identity.program);
                    doctor.wrong("schema", &anyhow::Error::msg(says));
                }
                Ok(lacks) => doctor.doubtful("schema", format!("lacks {lacks} migration(s); `serve` applies them")),
                Err(error) => doctor.wrong("schema", &error),
            }
            database.close().await;
        }
    }
    let tls = settings.grpc.tls.acceptor();
    let plain_text = matches!(tls, Ok(None)).then(|| settings.grpc.plain_text());
    doctor.look("certificates", tls, |tls| match tls {
        Some(_) => format!("asked of every caller; {} of them have a role", settings.grpc.tls.roles.len()),
        None => "none: every caller has every role".to_owned(),
    });
    if let Some(path) = &settings.grpc.tls.server.tls_cert {
        doctor.certificate("certificate", path, now);
    }
    doctor.address("listen", address, plain_text).await;
}

impl Service {
    /// Takes `address` for `routes`.
    pub async fn listen(
        address: &ListenAddress,
        routes: Routes,
        identity: Identity,
        database: Database,
        clock: Clock,
        settings: ServiceSettings,
    ) -> anyhow::Result<Self> {
        let server = GrpcServer::listen(address, identity.contract, settings.grpc).await?;
        let health = Health::new(identity.program, identity.services).await;
        let routes = routes.add_service(health.server());
        let clock_sync =
            ClockSync::start(database.clone(), clock.clone()).await.context("cannot read the newest time")?;
        let (end, name, background) = (settings.end, identity.schema, Vec::new());
        Ok(Self { database, server, routes, health, clock, end, name, clock_sync, background })
    }

    /// Runs `task` beside the calls, from when it serves until the shutdown begins, at which the task must return.
    #[must_use]
    pub fn with_background<F: Future<Output = ()> + Send + 'static>(
        mut self,
        task: impl FnOnce(Shutdown) -> F + Send + 'static,
    ) -> Self {
        self.background.push(Box::new(|shutdown| Box::pin(task(shutdown))));
        self
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> anyhow::Result<ListenAddress> {
        self.server.address().context("a listener without an address")
    }

    /// Whether it should be sent work.
    pub fn readiness(&self) -> Readiness {
        self.health.readiness()
    }

    /// Serves until the shutdown closes it and what is under way has finished.
    pub async fn serve(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { database, server, routes, health, clock, end, name, clock_sync, background } = self;
        let _shown = database.observe(name);
        let mut tasks = JoinSet::new();
        tasks.spawn(health.watch(database.clone(), shutdown.clone()));
        tasks.spawn(idempotency::sweep(database.clone(), clock, shutdown.clone()));
        let answered_all = CancellationToken::new();
        tasks.spawn(clock_sync.run(answered_all.clone()));
        for task in background {
            tasks.spawn(task(shutdown.clone()));
        }
        let served = server.serve(routes, shutdown.clone(), end.drain).await;
        shutdown.begin();
        answered_all.cancel();
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        database.close().await;
        served
    }
}

/// Serves with an admin port beside, until a signal ends it: the whole life of a program that is one service.
pub async fn run(service: Service, admin_address: &ListenAddress) -> anyhow::Result<()> {
    let admin = Admin::listen(admin_address).await?;
    let shutdown = Shutdown::on_signal(service.end.lame_duck)?;
    let health = Routes::new(service.health.server());
    let admin = tokio::spawn(admin.serve(vec![service.readiness()], Some(health), shutdown.clone()));
    tracing::info!(address = %service.address()?, "listening");
    service.serve(shutdown).await?;
    // Only health checks could still be under way.
    admin.abort();
    Ok(())
}
