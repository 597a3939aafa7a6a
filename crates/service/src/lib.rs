//! Scaffold of a gRPC service with a database: command line, serve, migrate, doctor, health and background tasks.
//!
//! A service implements [`Definition`] and calls [`main`]. To embed one in another process, use [`Service::open`].

pub mod consistency;
pub mod cpu_work;
pub mod erasure;
mod event_list;
pub mod export;
mod health_watch;
mod history;
mod idempotent_request;
mod program;
pub mod settings;
pub mod upkeep;
pub mod usage_counter;
pub mod watch;

use std::fmt::Debug;

use anyhow::Context;
use futures_core::future::BoxFuture;
use grpc_server::{Contract, GrpcServer, Health, LocalChannel};
use http_server::{ListenAddress, admin::Readiness};
use persistence::{
    ClockSync, Database, DatabaseSettings,
    feed::{FeedHub, Sequencer},
    idempotency,
};
use runtime::{
    clock::Clock,
    shutdown::{Shutdown, ShutdownSettings},
};
use sea_orm_migration::MigratorTrait;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

pub use self::{
    event_list::{EventPage, EventQuery},
    history::HistoryPage,
    idempotent_request::idempotent_request,
    program::{check, main},
    settings::{NoSettings, ServiceSettings, Settings},
};

/// A service definition: everything that distinguishes one service from another.
pub trait Definition: 'static {
    /// The name of the program.
    const PROGRAM: &'static str;
    /// One line for `--help`.
    const ABOUT: &'static str;
    /// The crates of the service, for logs.
    const CRATES: &'static [&'static str];
    /// The PostgreSQL schema that holds its tables.
    const SCHEMA: &'static str;
    /// The default address of its gRPC port.
    const LISTEN: &'static str;
    /// The default address of its admin port.
    const ADMIN_LISTEN: &'static str;

    /// The migrations of its schema.
    type Migrator: MigratorTrait;
    /// Its own settings.
    type Settings: clap::Args + Clone + Debug + Send + Sync + 'static;

    /// The full names of its gRPC services, for health checks.
    fn services() -> Vec<&'static str>;
    /// Its gRPC contract, for reflection and authorization.
    fn contract() -> Contract;
    /// Builds its gRPC services and background tasks over an open database.
    fn build(
        database: Database,
        clock: Clock,
        feed: FeedHub,
        settings: &Settings<Self::Settings>,
    ) -> impl Future<Output = anyhow::Result<Parts>> + Send;
}

/// The gRPC services and background tasks of a service.
pub struct Parts {
    routes: Routes,
    background: Vec<BackgroundTask>,
}

/// A task that runs beside the calls until the shutdown begins.
type BackgroundTask = Box<dyn FnOnce(Shutdown) -> BoxFuture<'static, ()> + Send>;

impl Parts {
    /// These gRPC services, without background tasks.
    pub fn new(routes: Routes) -> Self {
        Self { routes, background: Vec::new() }
    }

    /// Adds a task that runs from the start of serving until the shutdown begins, when it must return.
    #[must_use]
    pub fn with_background<F: Future<Output = ()> + Send + 'static>(
        mut self,
        task: impl FnOnce(Shutdown) -> F + Send + 'static,
    ) -> Self {
        self.background.push(Box::new(|shutdown| Box::pin(task(shutdown))));
        self
    }
}

/// A service that has bound its address and is about to serve.
pub struct Service {
    database: Database,
    server: GrpcServer,
    parts: Parts,
    health: Health,
    clock: Clock,
    end: ShutdownSettings,
    name: &'static str,
    clock_sync: ClockSync,
    feed: FeedHub,
}

impl Service {
    /// Opens the database of the service `D`, applies pending migrations unless the settings forbid it, and binds the address.
    pub async fn open<D: Definition>(settings: Settings<D::Settings>, clock: Clock) -> anyhow::Result<Self> {
        let database = Database::connect(&settings.service.database, D::SCHEMA).await?;
        if settings.service.no_migrate {
            database.require_migrated::<D::Migrator>(D::PROGRAM).await?;
        } else {
            database.migrate::<D::Migrator>(D::SCHEMA).await?;
        }
        database.open_feed().await.context("cannot open the change feed")?;
        let feed = FeedHub::start(database.clone()).await.context("cannot read the change feed")?;
        let mut parts = D::build(database.clone(), clock.clone(), feed.clone(), &settings).await?;
        let server = GrpcServer::listen(&settings.listen, D::contract(), settings.service.grpc).await?;
        let health = Health::new(D::PROGRAM, D::services()).await;
        parts.routes = parts.routes.add_service(health.server());
        let clock_sync =
            ClockSync::start(database.clone(), clock.clone()).await.context("cannot read the newest time")?;
        let end = settings.service.end;
        Ok(Self { database, server, parts, health, clock, end, name: D::SCHEMA, clock_sync, feed })
    }

    /// The address it listens on; of interest when the system chose the port.
    pub fn address(&self) -> anyhow::Result<ListenAddress> {
        self.server.address().context("a listener without an address")
    }

    /// A channel to it within this process.
    pub fn local(&self) -> LocalChannel {
        self.server.local()
    }

    /// Whether it is ready for requests.
    pub fn readiness(&self) -> Readiness {
        self.health.readiness()
    }

    /// Serves until the shutdown closes it and the requests in flight have finished.
    pub fn serve(self, shutdown: Shutdown) -> BoxFuture<'static, anyhow::Result<()>> {
        Box::pin(self.serve_until(shutdown))
    }

    async fn serve_until(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { database, server, parts: Parts { routes, background }, health, clock, end, name, clock_sync, feed } =
            self;
        let _gauges = database.observe(name);
        let mut tasks = JoinSet::new();
        tasks.spawn(health_watch::run(health, database.clone(), shutdown.clone()));
        tasks.spawn(idempotency::sweep(database.clone(), clock, shutdown.clone()));
        tasks.spawn(Sequencer::new(database.clone()).run(shutdown.clone()));
        tasks.spawn(feed.run(shutdown.clone()));
        let drained = CancellationToken::new();
        tasks.spawn(clock_sync.run(drained.clone()));
        for task in background {
            tasks.spawn(task(shutdown.clone()));
        }
        let served = server.serve(routes, shutdown.clone(), end.drain).await;
        shutdown.begin();
        drained.cancel();
        while let Some(ended) = tasks.join_next().await {
            ended?;
        }
        database.close().await;
        served
    }
}

/// Applies the pending migrations of the service `D`.
pub async fn migrate<D: Definition>(settings: &DatabaseSettings) -> anyhow::Result<()> {
    let database = Database::connect(settings, D::SCHEMA).await?;
    database.migrate::<D::Migrator>(D::SCHEMA).await?;
    database.close().await;
    Ok(())
}
