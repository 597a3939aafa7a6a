//! One connection, from the handshake to its end.

use std::{
    convert::Infallible,
    io,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::body::Body;
use http::Request;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
};
use runtime::{clock::Clock, shutdown::Shutdown};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::Instant,
};
use tracing::debug;

use super::{
    App, ConnectionSettings, Kind,
    activity::{ConnectionActivity, TrackedBody},
};
use crate::tls::{CertifiedPeer, SpiffeId, TlsAcceptor};

/// Requests in flight may continue for this long after the maximum age of the connection.
const GRACE: Duration = Duration::from_mins(1);
/// The grace period of an idle connection.
const GOODBYE: Duration = Duration::from_secs(1);
/// A peer that does not answer a ping in this time is gone.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(30);
/// Flow-control window: a batch of 10,000 nodes is of this size.
const GRPC_WINDOWS: (u32, u32) = (4 * 1024 * 1024, 8 * 1024 * 1024);
/// The same of REST: a body is 256 KiB at most.
const REST_WINDOWS: (u32, u32) = (256 * 1024, 1024 * 1024);

/// The same of the admin port, whose requests have next to no body.
const ADMIN_WINDOWS: (u32, u32) = (64 * 1024, 64 * 1024);

/// The peer of a connection. In the extensions of every request.
#[derive(Clone, Debug)]
pub enum Peer {
    /// An unauthenticated peer on a plaintext address.
    Anyone,
    /// A peer with a trusted certificate, and its SPIFFE id, if there is one.
    Certified(Option<SpiffeId>),
}

/// An accepted connection.
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Serves connections, one at a time.
pub(super) struct Connections<A> {
    app: A,
    kind: Kind,
    tls: Option<TlsAcceptor>,
    settings: ConnectionSettings,
    builder: Builder<TokioExecutor>,
    shutdown: Shutdown,
}

impl<A: App> Connections<A> {
    pub(super) fn new(
        app: A,
        kind: Kind,
        tls: Option<TlsAcceptor>,
        settings: ConnectionSettings,
        shutdown: Shutdown,
    ) -> Self {
        let builder = builder(kind, &settings);
        Self { app, kind, tls, settings, builder, shutdown }
    }

    /// Serves a connection until it ends, or is ended.
    pub(super) async fn serve(&self, stream: Stream) {
        let served = match (stream, &self.tls) {
            (Stream::Unix(stream), _) => self.serve_http(stream, Peer::Anyone, None).await,
            (Stream::Tcp(stream), None) => match stream.set_nodelay(true) {
                Ok(()) => self.serve_http(stream, Peer::Anyone, None).await,
                Err(error) => Err(error.into()),
            },
            (Stream::Tcp(stream), Some(tls)) => match self.accept_tls(stream, tls).await {
                Ok((stream, CertifiedPeer { id, valid_until })) => {
                    self.serve_http(stream, Peer::Certified(id), valid_until).await
                }
                Err(error) => Err(error.into()),
            },
        };
        if let Err(error) = served {
            // Whatever peers do to their own connections is no business of an operator's.
            debug!(error, "connection error");
        }
    }

    async fn accept_tls(
        &self,
        stream: TcpStream,
        tls: &TlsAcceptor,
    ) -> io::Result<(impl AsyncRead + AsyncWrite + Unpin + Send + use<A>, CertifiedPeer)> {
        stream.set_nodelay(true)?;
        tokio::time::timeout(self.settings.handshake_timeout, tls.accept(stream))
            .await
            .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn serve_http(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        peer: Peer,
        valid_until: Option<SystemTime>,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let activity = ConnectionActivity::new();
        let service = service_fn(|mut request: Request<Incoming>| {
            let in_flight = activity.begin();
            request.extensions_mut().insert(peer.clone());
            let answer = self.app.clone().call(request.map(Body::new));
            async move {
                let Ok(answer) = answer.await;
                Ok::<_, Infallible>(answer.map(|body| TrackedBody { body, in_flight }))
            }
        });
        let mut connection = pin!(self.builder.serve_connection(TokioIo::new(stream), service));
        let is_quiet = tokio::select! {
            ended = connection.as_mut() => return ended,
            () = self.shutdown.closing() => false,
            is_quiet = self.idle_or_expired(&activity) => is_quiet,
            // Also the streams of a client end with its certificate, or with the trust in it.
            () = self.no_longer_trusted(valid_until) => true,
        };
        connection.as_mut().graceful_shutdown();
        let grace = if is_quiet { GOODBYE } else { GRACE };
        tokio::select! {
            ended = connection => ended,
            () = drain(&activity, grace) => Ok(()),
        }
    }

    /// Returns when the client's certificate has expired, or was issued by authorities that may be trusted no more.
    async fn no_longer_trusted(&self, valid_until: Option<SystemTime>) {
        let expired = async {
            match valid_until {
                Some(end) => {
                    let now = SystemTime::from(Clock::system().now().utc());
                    tokio::time::sleep(end.duration_since(now).unwrap_or_default()).await;
                }
                None => std::future::pending().await,
            }
        };
        let changed = async {
            match &self.tls {
                Some(tls) => tls.authorities_changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = expired => {}
            () = changed => {}
        }
    }

    /// Returns when the connection reaches its maximum age or is idle; `true` if it is idle.
    async fn idle_or_expired(&self, activity: &Arc<ConnectionActivity>) -> bool {
        let of_age = activity.began() + about(self.settings.connection_age);
        loop {
            let now = Instant::now();
            let may_rest = self.kind != Kind::Rest && activity.has_requests_in_flight();
            let idle = if may_rest { now } else { activity.last() } + self.settings.idle_timeout;
            // A client of gRPC may connect long before it calls; any other has a request, or is up to something.
            let must_begin = self.kind != Kind::Grpc && !activity.was_used();
            let unused = if must_begin { activity.began() + self.settings.handshake_timeout } else { of_age };
            let next = of_age.min(idle).min(unused);
            if next <= now {
                return now < of_age;
            }
            tokio::time::sleep_until(next).await;
        }
    }
}

/// Returns when the grace period after GOAWAY is over: shortly after the last response, and `grace` at most.
async fn drain(activity: &ConnectionActivity, grace: Duration) {
    let response = Instant::now();
    loop {
        let now = Instant::now();
        let quiet = if activity.has_requests_in_flight() { now } else { activity.last().max(response) } + GOODBYE;
        let next = quiet.min(response + grace);
        if next <= now {
            return;
        }
        tokio::time::sleep_until(next).await;
    }
}

fn builder(kind: Kind, settings: &ConnectionSettings) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(settings.idle_timeout)
        .max_buf_size(usize::try_from(settings.max_header_bytes).unwrap_or(usize::MAX));
    let (stream, connection) = match kind {
        Kind::Rest => REST_WINDOWS,
        Kind::Grpc => GRPC_WINDOWS,
        Kind::Admin => ADMIN_WINDOWS,
    };
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(settings.max_streams)
        .max_header_list_size(settings.max_header_bytes)
        .initial_stream_window_size(stream)
        .initial_connection_window_size(connection)
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_TIMEOUT);
    if kind == Kind::Grpc { builder.http2_only() } else { builder }
}

/// A duration a tenth longer or shorter, so that connections made together do not all end together.
fn about(duration: Duration) -> Duration {
    let mut random = [0];
    // Without a random number all end after the same time, which is no harm.
    let _ = aws_lc_rs::rand::fill(&mut random);
    let [random] = random;
    duration.mul_f64(0.9 + 0.2 * f64::from(random) / f64::from(u8::MAX))
}
