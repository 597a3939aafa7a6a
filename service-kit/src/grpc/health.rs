//! `grpc.health.v1`, saying what is true.

use std::time::Duration;

use sea_orm::DbErr;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};
use tracing::{info, warn};

use crate::{admin::Readiness, database::Database, shutdown::Shutdown};

/// How often the database is asked whether it is there.
const EVERY: Duration = Duration::from_secs(1);
/// A database that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// The health of a service: serving while its database answers and no shutdown has begun.
pub struct Health {
    reporter: HealthReporter,
    services: Vec<&'static str>,
    readiness: Readiness,
}

impl Health {
    /// Health of the process (`""`) and of each of `services`; none of them is serving yet.
    pub async fn new(services: Vec<&'static str>) -> Self {
        let health = Self { reporter: HealthReporter::new(), services, readiness: Readiness::default() };
        health.report(ServingStatus::NotServing).await;
        health
    }

    /// The health service, for as many listeners as want it.
    pub fn server(&self) -> HealthServer<HealthService> {
        HealthServer::new(HealthService::from_health_reporter(self.reporter.clone()))
    }

    /// The same, for whoever asks over HTTP.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Watches `database` until the shutdown begins.
    pub async fn watch(self, database: Database, shutdown: Shutdown) {
        let mut serving = None;
        loop {
            let answer = tokio::time::timeout(PATIENCE, database.ping()).await;
            let is_serving = matches!(answer, Ok(Ok(())));
            if serving != Some(is_serving) {
                serving = Some(is_serving);
                self.tell(is_serving, answer.ok()).await;
            }
            tokio::select! {
                () = shutdown.begun() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        self.tell(false, None).await;
    }

    async fn tell(&self, is_serving: bool, answer: Option<Result<(), DbErr>>) {
        self.readiness.set(is_serving);
        self.report(if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
        match answer {
            Some(Err(error)) => warn!(%error, "not serving: the database does not answer"),
            _ if is_serving => info!(services = ?self.services, "serving"),
            _ => info!(services = ?self.services, "not serving"),
        }
    }

    async fn report(&self, status: ServingStatus) {
        // tonic-health says SERVING for the whole process from the first moment, before anything is.
        self.reporter.set_service_status("", status).await;
        for service in &self.services {
            self.reporter.set_service_status(*service, status).await;
        }
    }
}
