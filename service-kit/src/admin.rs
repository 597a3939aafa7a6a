//! The admin port: is the process alive, and should it be sent work?

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::{Router, extract::State, routing::get};
use http::StatusCode;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;

/// Whether a process should be sent work.
#[derive(Clone, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Says whether it should.
    pub fn set(&self, ready: bool) {
        self.0.store(ready, Ordering::Relaxed);
    }

    /// Whether it should be sent work.
    pub fn is_ready(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Answers `/healthz` (200 while the process runs) and `/readyz` (200 while all of `parts` are ready, else 503) until the
/// shutdown begins.
pub async fn serve(listener: TcpListener, parts: Vec<Readiness>, shutdown: Shutdown) -> std::io::Result<()> {
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .with_state((Arc::from(parts), shutdown.clone()));
    axum::serve(listener, router).with_graceful_shutdown(async move { shutdown.begun().await }).await
}

async fn readyz(State((parts, shutdown)): State<(Arc<[Readiness]>, Shutdown)>) -> (StatusCode, &'static str) {
    if !shutdown.has_begun() && parts.iter().all(Readiness::is_ready) {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n")
    }
}
