//! The admin port: liveness, readiness and metrics. It exposes no user data, so it may listen
//! in plain text wherever probes come from.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use arc_swap::ArcSwapOption;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{self, Request},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::get,
};
use futures_core::future::BoxFuture;
use http::{StatusCode, header};
use http_body_util::{Empty, Limited};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use runtime::{metrics, shutdown::Shutdown};

use crate::{ConnectionSettings, Kind, ListenAddress, Listener, PlainText, Server, validate_host};

/// <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>
const PROMETHEUS_TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";
/// Probes and scrapers are few, and retry.
const MAX_CONNECTIONS: u32 = 256;
/// Health checks of one connection at a time.
const MAX_STREAMS: u32 = 16;
/// The maximum size of a request body.
const MAX_BODY: usize = 4 * 1024;
const IDLE: Duration = Duration::from_secs(10);
/// A program that does not report readiness in this time is not ready.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// Whether a process should be sent work.
#[derive(Clone, Default)]
pub struct Readiness(Arc<State>);

#[derive(Default)]
struct State {
    is_ready: AtomicBool,
    /// Degradations although it is ready.
    degraded: ArcSwapOption<String>,
}

impl Readiness {
    /// Says whether it should.
    pub fn set(&self, ready: bool) {
        self.0.is_ready.store(ready, Ordering::Relaxed);
    }

    /// Whether it should be sent work.
    pub fn is_ready(&self) -> bool {
        self.0.is_ready.load(Ordering::Relaxed)
    }

    /// Reports the degradations of a ready part, or that there are none.
    pub fn set_degraded(&self, message: Option<String>) {
        self.0.degraded.store(message.map(Arc::new));
    }

    /// Degradations although it is ready.
    pub fn degraded(&self) -> Option<Arc<String>> {
        self.0.degraded.load_full()
    }

    /// The response to a readiness probe of a process that consists of `parts`: 200 while all of them are ready, and a line for
    /// each that is degraded. A part that cannot store changes still answers every read, so it stays ready.
    pub fn probe(parts: &[Self]) -> (StatusCode, String) {
        let (status, first) = if parts.iter().all(Self::is_ready) {
            (StatusCode::OK, "ready")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not ready")
        };
        let degraded = parts.iter().filter_map(Self::degraded);
        (status, degraded.fold(format!("{first}\n"), |text, message| format!("{text}{message}\n")))
    }
}

/// Asks the program behind this admin port whether it is ready; an error if not. For probes of images that have no
/// other program.
pub fn ask_ready(address: &ListenAddress) -> BoxFuture<'_, anyhow::Result<()>> {
    Box::pin(get_ready(address))
}

async fn get_ready(address: &ListenAddress) -> anyhow::Result<()> {
    let ListenAddress::Tcp(address) = address else {
        anyhow::bail!("a socket file cannot be asked; name a port");
    };
    // A program that listens on all addresses is probed on loopback.
    let host = if address.ip().is_unspecified() { Ipv4Addr::LOCALHOST.into() } else { address.ip() };
    let uri = format!("http://{}/readyz", SocketAddr::new(host, address.port()));
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let asked = tokio::time::timeout(PROBE_TIMEOUT, client.get(uri.parse()?)).await;
    match asked.with_context(|| format!("{uri} does not answer"))? {
        Ok(answer) if answer.status() == StatusCode::OK => Ok(()),
        Ok(answer) => anyhow::bail!("{uri} answers {}", answer.status()),
        Err(error) => Err(anyhow::Error::from(error).context(uri)),
    }
}

/// An admin port that listens and is about to serve.
pub struct Admin(Server);

impl Admin {
    /// Binds the address.
    pub async fn listen(address: &ListenAddress) -> anyhow::Result<Self> {
        let listener = Listener::bind(address, None, PlainText::NothingToHide).await?;
        let settings = ConnectionSettings {
            max_connections: MAX_CONNECTIONS,
            max_streams: MAX_STREAMS,
            idle_timeout: IDLE,
            ..ConnectionSettings::default()
        };
        Ok(Self(Server::new(listener, Kind::Admin, settings)))
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> anyhow::Result<ListenAddress> {
        self.0.address().context("a listener without an address")
    }

    /// Answers `/healthz` (200 while the process runs), `/readyz` ([`Readiness::probe`] of `parts`) and `/metrics`
    /// (Prometheus' text format), and `grpc.health.v1` where `health` is given, until the shutdown closes.
    pub fn serve(self, parts: Vec<Readiness>, health: Option<Router>, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        let router = Router::new()
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(readyz))
            .route("/metrics", get(|| async { ([(header::CONTENT_TYPE, PROMETHEUS_TEXT)], metrics::scrape()) }))
            .layer(from_fn(require_host))
            .with_state((Arc::from(parts), shutdown.clone()));
        let router = match health {
            Some(health) => router.fallback_service(health),
            None => router,
        };
        let router = router.layer(from_fn(limit_body));
        self.0.serve_router(router, shutdown, Duration::ZERO)
    }
}

async fn require_host(request: Request, next: Next) -> Response {
    match validate_host(&request) {
        Ok(()) => next.run(request).await,
        Err(message) => (StatusCode::BAD_REQUEST, format!("Host {message}\n")).into_response(),
    }
}

/// Probes and scrapes have next to no body.
async fn limit_body(request: Request, next: Next) -> Response {
    next.run(request.map(|body| Body::new(Limited::new(body, MAX_BODY)))).await
}

async fn readyz(
    extract::State((parts, shutdown)): extract::State<(Arc<[Readiness]>, Shutdown)>,
) -> (StatusCode, String) {
    if shutdown.has_begun() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned());
    }
    Readiness::probe(&parts)
}
