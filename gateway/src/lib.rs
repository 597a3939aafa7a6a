//! The gateway: the platform's published REST API, turned into calls of the two services.
//!
//! ```text
//! request ▶ http::context ▶ CORS ▶ auth ▶ sharing | exposure_profiles ▶ upstream
//! ```
//!
//! It keeps no state and knows no rule of sharing or exposure: it knows who is asking, and translates. [`router`] is the URL
//! map; [`error`] the one place where a failure gets its form.

pub mod answer;
pub mod auth;
pub mod config;
pub mod error;
pub mod exposure_profiles;
pub mod http;
pub mod json;
pub mod moment;
pub mod rate_limit;
pub mod router;
pub mod sharing;
pub mod upstream;
pub mod wrong_shape;

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use axum::{Router, serve::ListenerExt};
use service_kit::{admin::Readiness, clock::Clock, process::ConfigurationError, shutdown::Shutdown};
use tokio::net::TcpListener;
use tracing::warn;

use crate::{auth::Authentication, config::Settings, rate_limit::RateLimit, upstream::Upstreams};

/// How often the services are asked whether they serve.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// A gateway that listens and is about to serve.
pub struct Gateway {
    listener: TcpListener,
    router: Router,
    upstreams: Upstreams,
    readiness: Readiness,
    drain: Duration,
}

/// Takes the address and the keys; what comes back serves until it is told to stop.
pub async fn open(settings: Settings, clock: Clock) -> anyhow::Result<Gateway> {
    let rate_limit = RateLimit::new(settings.limits.rate_limit, clock.clone());
    let authentication = Authentication::new(&settings.auth, rate_limit, clock).await?;
    let upstreams = Upstreams::new(settings.sharing_url, settings.exposure_url, settings.limits.deadline);
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| ConfigurationError::new(format!("cannot listen on {}: {error}", settings.listen)))?;
    let readiness = Readiness::default();
    let router = router::router(upstreams.clone(), readiness.clone(), authentication, settings.limits.cors_origins);
    Ok(Gateway { listener, router, upstreams, readiness, drain: settings.drain })
}

impl Gateway {
    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("a listener without an address")
    }

    /// Whether it should be sent work: while both services serve.
    pub fn readiness(&self) -> Readiness {
        self.readiness.clone()
    }

    /// Serves until the shutdown begins and what is under way has finished, or the drain time has passed.
    pub async fn serve(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let Self { listener, router, upstreams, readiness, drain } = self;
        let watching = tokio::spawn(watch(upstreams, readiness, shutdown.clone()));
        let listener = listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                warn!(%error, "cannot switch off Nagle's algorithm");
            }
        });
        let begun = shutdown.clone();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async move { begun.begun().await });
        let served = shutdown.bound(drain, serving.into_future()).await;
        watching.abort();
        let Some(served) = served else {
            warn!("requests were still under way when the drain time was over; they were cut");
            return Ok(());
        };
        served.context("the HTTP server failed")
    }
}

async fn watch(upstreams: Upstreams, readiness: Readiness, shutdown: Shutdown) {
    loop {
        readiness.set(upstreams.are_ready().await && !shutdown.has_begun());
        tokio::select! {
            () = shutdown.begun() => break,
            () = tokio::time::sleep(WATCH_EVERY) => {}
        }
    }
    readiness.set(false);
}
