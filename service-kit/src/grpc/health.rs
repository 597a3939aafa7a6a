//! `grpc.health.v1`, saying what is true.

use std::time::Duration;

use sea_orm::DbErr;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};
use tracing::{error, info, warn};

use crate::{admin::Readiness, database::Database, shutdown::Shutdown};

/// How often the database is asked whether it is there.
const EVERY: Duration = Duration::from_secs(1);
/// A database that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(2);

/// Under this name health is that of changes alone: not serving while they cannot be stored, though reads are answered.
pub const WRITES: &str = "writes";

/// The health of a service: serving while its database answers and no shutdown has begun.
pub struct Health {
    reporter: HealthReporter,
    program: &'static str,
    services: Vec<&'static str>,
    readiness: Readiness,
}

impl Health {
    /// Health of the process (`""`), which runs `program`, and of each of `services`; none of them is serving yet.
    pub async fn new(program: &'static str, services: Vec<&'static str>) -> Self {
        let health = Self { reporter: HealthReporter::new(), program, services, readiness: Readiness::default() };
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
        let (mut serving, mut writes) = (None, None);
        loop {
            let answer = tokio::time::timeout(PATIENCE, database.ping()).await;
            let is_serving = matches!(answer, Ok(Ok(())));
            if serving != Some(is_serving) {
                serving = Some(is_serving);
                self.tell(is_serving, answer.ok(), &database).await;
            }
            let write_failure = database.write_failure();
            if writes.as_ref() != Some(&write_failure) {
                self.report_writes(write_failure.as_deref(), writes.is_some()).await;
                writes = Some(write_failure);
            }
            tokio::select! {
                () = shutdown.begun() => break,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        self.reporter.set_service_status(WRITES, ServingStatus::NotServing).await;
        self.set(false).await;
        info!(services = ?self.services, "not serving");
    }

    /// Reports whether changes can be stored.
    async fn report_writes(&self, failure: Option<&str>, has_reported: bool) {
        match failure {
            Some(cause) => error!(services = ?self.services, cause, "changes cannot be stored; reads are answered"),
            None if has_reported => info!(services = ?self.services, "changes can be stored again"),
            None => {}
        }
        self.readiness.set_degraded(failure.map(|cause| format!("{}: writes fail: {cause}", self.program)));
        let status = if failure.is_none() { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(WRITES, status).await;
    }

    async fn tell(&self, is_serving: bool, answer: Option<Result<(), DbErr>>, database: &Database) {
        self.set(is_serving).await;
        if is_serving {
            info!(services = ?self.services, "serving");
            return;
        }
        let error = match (database.connection_failure().await, answer) {
            (Some(cause), _) => cause,
            (None, Some(Err(error))) => error.to_string(),
            (None, _) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        warn!(error, services = ?self.services, "not serving: the database does not answer");
    }

    async fn set(&self, is_serving: bool) {
        self.readiness.set(is_serving);
        self.report(if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
    }

    async fn report(&self, status: ServingStatus) {
        // tonic-health says SERVING for the whole process from the first moment, before anything is.
        self.reporter.set_service_status("", status).await;
        for service in &self.services {
            self.reporter.set_service_status(*service, status).await;
        }
    }
}
