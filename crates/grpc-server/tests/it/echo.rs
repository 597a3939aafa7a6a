//! A server with a little of everything: methods that answer, wait and stream, and a page.

use std::{sync::Arc, time::Duration};

use axum::{Router, routing::any};
use grpc_server::{Contract, GrpcServer, GrpcSettings, Health, Method, Role};
use http::header;
use http_server::{ConnectionSettings, Kind, ListenAddress, Listener, PlainText, Server};
use runtime::shutdown::Shutdown;
use tokio::{sync::Notify, task::JoinHandle};
use tonic::service::Routes;

/// Longer than any test: what ends before did not end by it.
pub const NEVER: Duration = Duration::from_hours(1);

/// The methods of a service without a contract.
pub const METHODS: &[Method] = &[
    Method::new("/test.Echo/Answer", &[Role::Service], 1024),
    Method::new("/test.Echo/Wait", &[Role::Service], 1024 * 1024),
];

/// How long the large answer is: more than a socket holds for a peer who does not read.
pub const LARGE: usize = 64 * 1024 * 1024;

/// A running server.
pub struct Echo {
    pub address: ListenAddress,
    pub shutdown: Shutdown,
    /// Told when a large answer is let go of.
    pub gave_up: Arc<Notify>,
    /// Lets those go on who wait in `Wait`.
    pub go_on: Arc<Notify>,
    pub serving: JoinHandle<()>,
}

/// The settings of a gRPC server on any port.
pub fn settings() -> GrpcSettings {
    GrpcSettings { deadline: NEVER, reflection: false, ..GrpcSettings::default() }
}

impl Echo {
    pub async fn grpc(settings: GrpcSettings, drain: Duration) -> Self {
        let contract = Contract { descriptors: &[], listed: Vec::new(), methods: METHODS, domain: "test" };
        let gave_up = Arc::default();
        let server = GrpcServer::listen(&any_port(), contract, settings).await.unwrap();
        let address = server.address().unwrap();
        let (go_on, shutdown) = (Arc::new(Notify::new()), Shutdown::new());
        let waiting = go_on.clone();
        // What a gRPC method answers with when there is nothing to say.
        let empty = || {
            ([(header::CONTENT_TYPE, "application/grpc"), (header::HeaderName::from_static("grpc-status"), "0")], "")
        };
        let wait = move || {
            let waiting = waiting.clone();
            async move {
                waiting.notified().await;
                empty()
            }
        };
        let methods = Router::new()
            .route("/test.Echo/Answer", any(move || async move { empty() }))
            .route("/test.Echo/Wait", any(wait));
        let health = Health::new("echo", vec![]).await;
        let routes = Routes::from(methods).add_service(health.server());
        let until = shutdown.clone();
        let serving = tokio::spawn(async move { server.serve(routes, until, drain).await.unwrap() });
        Self { address, shutdown, gave_up, go_on, serving }
    }

    pub async fn rest(settings: ConnectionSettings, drain: Duration) -> Self {
        let listener = Listener::bind(&any_port(), None, PlainText::OnThisMachine).await.unwrap();
        let server = Server::new(listener, Kind::Rest, settings);
        let address = server.address().unwrap();
        let (go_on, shutdown) = (Arc::new(Notify::new()), Shutdown::new());
        let waiting = go_on.clone();
        let wait = move || {
            let waiting = waiting.clone();
            async move { waiting.notified().await }
        };
        let gave_up = Arc::new(Notify::new());
        let response = gave_up.clone();
        let large = move || {
            let answer = axum::body::Bytes::from_owner(Large { bytes: vec![b'x'; LARGE], gave_up: response.clone() });
            async move { answer }
        };
        let router =
            Router::new().route("/", any(|| async { "hello" })).route("/wait", any(wait)).route("/large", any(large));
        let until = shutdown.clone();
        let serving = tokio::spawn(async move { server.serve(router, until, drain).await });
        Self { address, shutdown, gave_up, go_on, serving }
    }

    pub fn socket(&self) -> std::net::SocketAddr {
        let ListenAddress::Tcp(address) = self.address else { panic!("a port was asked for") };
        address
    }
}

/// A response that reports when it is dropped.
struct Large {
    bytes: Vec<u8>,
    gave_up: Arc<Notify>,
}

impl AsRef<[u8]> for Large {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Large {
    fn drop(&mut self) {
        self.gave_up.notify_one();
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}

fn any_port() -> ListenAddress {
    "127.0.0.1:0".parse().unwrap()
}
