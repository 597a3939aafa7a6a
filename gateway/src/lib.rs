//! The gateway: the platform's published REST API, turned into calls of the two services.
//!
//! ```text
//! request ▶ http::context ▶ CORS ▶ auth ▶ http::admission ▶ sharing | exposure_profiles | access ▶ upstream
//! ```
//!
//! It keeps no state and knows no rule of sharing or exposure: it knows who is asking, and translates. [`router`] is the URL
//! map; [`error`] the one place where a failure gets its form.

mod access;
mod answer;
pub mod auth;
mod body_errors;
pub mod config;
pub mod console;
mod description;
pub mod doctor;
pub mod error;
mod exposure_profiles;
pub mod http;
mod json;
mod program;
mod response_body;
pub mod router;
mod sharing;
mod timestamp;
mod traced_channel;
pub mod upstream;
pub mod upstream_url;

use std::time::Duration;

use admission::rate_limit::RateLimit;
use anyhow::Context;
use axum::Router;
use futures_core::future::BoxFuture;
use http_server::{Kind, ListenAddress, Listener, Server, admin::Readiness};
use runtime::{clock::Clock, shutdown::Shutdown};

pub use self::program::main;
use crate::{
    auth::Authentication, config::Settings, console::ExampleNodes, http::admission::Admission, upstream::Upstreams,
};

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// The interval of health checks of the services.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// A gateway that listens and is about to serve.
pub struct Gateway {
    server: Server,
    router: Router,
    upstreams: Upstreams,
    readiness: Readiness,
    drain: Duration,
}

/// Binds the address and loads the keys, for services behind the URLs of the settings; the returned gateway serves until shutdown.
pub async fn open(settings: Settings, clock: Clock) -> anyhow::Result<Gateway> {
    let connector = settings.upstream_tls.connector(settings.tls.tls_reload)?;
    let upstreams = Upstreams::new(
        &settings.sharing_url,
        &settings.exposure_url,
        connector.as_ref(),
        settings.plain_text(),
        settings.limits.deadline,
    )?;
    open_with(settings, upstreams, ExampleNodes::default(), clock).await
}

/// As [`open`], over these channels to the services. Boxed, so it is compiled once, in this crate.
pub fn open_with(
    settings: Settings,
    upstreams: Upstreams,
    nodes: ExampleNodes,
    clock: Clock,
) -> BoxFuture<'static, anyhow::Result<Gateway>> {
    Box::pin(bind(settings, upstreams, nodes, clock))
}

async fn bind(settings: Settings, upstreams: Upstreams, nodes: ExampleNodes, clock: Clock) -> anyhow::Result<Gateway> {
    let rate_limit = RateLimit::new(settings.limits.rate_limit, clock.clone());
    let authentication = Authentication::new(&settings.auth, rate_limit, clock).await?;
    let listener = Listener::bind(&settings.listen, settings.tls.acceptor()?, settings.plain_text()).await?;
    let server = Server::new(listener, Kind::Rest, settings.connections);
    let readiness = Readiness::default();
    let admission = Admission::new(&settings.limits.load, settings.limits.deadline);
    let origins = settings.limits.cors_origins;
    let router = router::router(upstreams.clone(), readiness.clone(), authentication, &admission, origins, nodes)?;
    Ok(Gateway { server, router, upstreams, readiness, drain: settings.end.drain })
}

impl Gateway {
    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> anyhow::Result<ListenAddress> {
        self.server.address().context("a listener without an address")
    }

    /// Whether it should be sent work: while both services serve.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Serves until the shutdown closes it and the requests in flight have finished, or the drain time has passed.
    pub fn serve(self, shutdown: Shutdown) -> BoxFuture<'static, ()> {
        Box::pin(self.serve_until(shutdown))
    }

    async fn serve_until(self, shutdown: Shutdown) {
        let Self { server, router, upstreams, readiness, drain } = self;
        let watching = tokio::spawn(watch(upstreams, readiness, shutdown.clone()));
        server.serve_router(router, shutdown, drain).await;
        watching.abort();
    }
}

async fn watch(upstreams: Upstreams, readiness: Readiness, shutdown: Shutdown) {
    loop {
        let (are_ready, degraded) = tokio::join!(upstreams.are_ready(), upstreams.degraded());
        readiness.set(are_ready && !shutdown.has_begun());
        readiness.set_degraded(degraded.filter(|_| are_ready));
        tokio::select! {
            () = shutdown.begun() => break,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
    readiness.set(false);
}
