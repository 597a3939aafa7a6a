//! The gRPC health service (`grpc.health.v1`) and the readiness of the process.

use http_server::admin::Readiness;
use tonic_health::{
    ServingStatus,
    pb::health_server::HealthServer,
    server::{HealthReporter, HealthService},
};

/// The health of writes alone: `NOT_SERVING` while they fail, although reads work.
pub const WRITES: &str = "writes";

/// The health of a service: `SERVING` while its database responds and no shutdown has begun.
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

    /// The readiness, for HTTP probes.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// The names of the services.
    pub fn services(&self) -> &[&'static str] {
        &self.services
    }

    /// Reports whether changes can be stored; `failure` is the cause if not.
    pub async fn set_writes(&self, failure: Option<&str>) {
        self.readiness.set_degraded(failure.map(|cause| format!("{}: writes fail: {cause}", self.program)));
        let status = if failure.is_none() { ServingStatus::Serving } else { ServingStatus::NotServing };
        self.reporter.set_service_status(WRITES, status).await;
    }

    /// Reports that the process is shutting down.
    pub async fn shut_down(&self) {
        self.reporter.set_service_status(WRITES, ServingStatus::NotServing).await;
        self.set_serving(false).await;
    }

    /// Reports whether the service answers calls.
    pub async fn set_serving(&self, is_serving: bool) {
        self.readiness.set(is_serving);
        self.report(if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
    }

    async fn report(&self, status: ServingStatus) {
        // tonic-health reports SERVING for the whole process by default.
        self.reporter.set_service_status("", status).await;
        for service in &self.services {
            self.reporter.set_service_status(*service, status).await;
        }
    }
}
