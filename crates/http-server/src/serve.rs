//! Accept loop with a connection limit and graceful shutdown.

use std::{
    convert::Infallible,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{Router, body::Body};
use futures_core::future::BoxFuture;
use http::{Request, Response};
use metrics::{Gauge, describe_gauge, gauge};
use runtime::shutdown::Shutdown;
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service;
use tracing::{error, warn};

use super::{
    ConnectionSettings, ListenAddress, Listener,
    connection::{Connections, Stream},
    listener::Socket,
};
use crate::tls::TlsAcceptor;

/// The delay after a failed accept.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How often the log reports that the limit of connections is reached: peers without a certificate can cause it.
const WARN_EVERY: Duration = Duration::from_mins(1);

const CONNECTIONS: &str = "server_connections";

/// The protocols of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// HTTP/1.1 and HTTP/2, for requests with short responses.
    Rest,
    /// HTTP/2 only, for responses that may be long-lived streams.
    Grpc,
    /// Both of them, for probes.
    Admin,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::Grpc => "grpc",
            Self::Admin => "admin",
        }
    }
}

/// An application: a tower service that is always ready, such as an axum router.
pub trait App:
    Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
{
}

impl<S> App for S where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

/// A connection among those that are counted, until it is dropped.
struct Counted(Gauge);

impl Counted {
    fn new(open: Gauge) -> Self {
        open.increment(1);
        Self(open)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

/// A server that listens and is about to serve.
pub struct Server {
    listener: Listener,
    kind: Kind,
    settings: ConnectionSettings,
}

impl Server {
    /// Serves the connections of `listener`.
    pub fn new(listener: Listener, kind: Kind, settings: ConnectionSettings) -> Self {
        Self { listener, kind, settings }
    }

    /// Where it listens; of interest when the port was left to the system.
    pub fn address(&self) -> io::Result<ListenAddress> {
        self.listener.address()
    }

    /// Serves a router, as [`serve`](Self::serve) does. Boxed, so the HTTP stack is compiled once for routers, in this crate.
    pub fn serve_router(self, router: Router, shutdown: Shutdown, drain: Duration) -> BoxFuture<'static, ()> {
        Box::pin(self.serve(router, shutdown, drain))
    }

    /// Serves `app` until the shutdown closes it and the requests in flight have finished, or `drain` has passed since the shutdown
    /// began.
    pub async fn serve(self, app: impl App, shutdown: Shutdown, drain: Duration) {
        let Self { listener: Listener { socket, tls }, kind, settings } = self;
        let in_flight = TaskTracker::new();
        let cut = CancellationToken::new();
        take(socket, tls, kind, settings, app, &shutdown, &in_flight, &cut).await;
        in_flight.close();
        if shutdown.bound(drain, in_flight.wait()).await.is_none() {
            warn!(connections = in_flight.len(), "requests in flight were cancelled at the end of the drain time");
            cut.cancel();
            in_flight.wait().await;
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "the parts of one loop, taken apart for its end to be read beside it")]
async fn take(
    socket: Socket,
    tls: Option<TlsAcceptor>,
    kind: Kind,
    settings: ConnectionSettings,
    app: impl App,
    shutdown: &Shutdown,
    in_flight: &TaskTracker,
    cut: &CancellationToken,
) {
    let places = Arc::new(Semaphore::new(usize::try_from(settings.max_connections).unwrap_or(usize::MAX)));
    describe_gauge!(CONNECTIONS, "Open connections, by protocol");
    let open = gauge!(CONNECTIONS, "server" => kind.as_str());
    let connections = Arc::new(Connections::new(app, kind, tls, settings, shutdown.clone()));
    let mut warned_at: Option<Instant> = None;
    loop {
        if places.available_permits() == 0 && warned_at.is_none_or(|at| at.elapsed() >= WARN_EVERY) {
            warned_at = Some(Instant::now());
            warn!("connection limit reached; new connections wait");
        }
        let Some(Ok(place)) = shutdown.unless_closing(places.clone().acquire_owned()).await else { return };
        let Some(taken) = shutdown.unless_closing(socket.accept()).await else { return };
        match taken {
            Ok(stream) => {
                let (connections, cut) = (connections.clone(), cut.clone());
                let counted = Counted::new(open.clone());
                in_flight.spawn(async move {
                    let _held = (place, counted);
                    cut.run_until_cancelled(connections.serve(stream)).await;
                });
            }
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                error!(%error, "cannot accept a connection");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
}

impl Socket {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

/// Whether the peer disconnected before its connection was accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}
