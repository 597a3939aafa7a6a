//! One user's flood is that user's alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use http::Method;
use runtime::{clock::Clock, shutdown::Shutdown};
use serde_json::json;
use test_kit::{Backend, HttpClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::plane::{Papers, SecurePlane};
use crate::test_server::{gateway_settings, token_in};

/// A gateway that works on so many requests of one user at once.
struct TestServer {
    http: HttpClient,
    address: String,
    backend: Backend,
    shutdown: Shutdown,
    _plane: SecurePlane,
}

impl TestServer {
    async fn start(max_in_flight_per_user: u32) -> Self {
        let (plane, backend) = (SecurePlane::start().await, Backend::sqlite());
        let mut settings =
            gateway_settings(plane.sharing.parse().unwrap(), plane.exposure.parse().unwrap(), backend.folder());
        let Papers { cert, key, ca } = plane.papers("gateway");
        settings.upstream_tls.upstream_tls_cert = Some(cert);
        settings.upstream_tls.upstream_tls_key = Some(key);
        settings.upstream_tls.upstream_tls_ca = Some(ca);
        settings.limits.max_in_flight_per_user = max_in_flight_per_user;
        let gateway = gateway::open(settings, Clock::system()).await.unwrap();
        let address = gateway.address().unwrap();
        let http = HttpClient::new(address.url());
        let shutdown = Shutdown::new();
        tokio::spawn(gateway.serve(shutdown.clone()));
        Self { http, address: address.to_string(), backend, shutdown, _plane: plane }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_response_is_still_in_flight() {
    let server = TestServer::start(2).await;
    let token = token_in(server.backend.folder(), "ann");
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    // Some eight megabytes in a page: more than two ends of a connection take by themselves, and twice that is what one user may hold.
    let tags: Vec<_> = (0..1_000).map(|n| format!("{n:0>127}")).collect();
    for number in 0..30 {
        let share = json!({"shared_with_user_id": format!("bob-{number}"), "scope": "specific_tags", "tag_ids": tags});
        let made = server.http.send(Method::POST, "/api/v1/sharing", &headers, share.to_string()).await.unwrap();
        assert_eq!(made.status, 201);
    }
    let mut unread = Vec::new();
    for _ in 0..2 {
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        let request = format!(
            "GET /api/v1/sharing/outgoing?limit=100 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        let mut status = [0; 12];
        connection.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        unread.push(connection);
    }
    let ask = async || server.http.send(Method::GET, "/api/v1/sharing/incoming", &headers, "").await.unwrap();
    assert_eq!(ask().await.status, 429, "two answers of hers lie untaken");
    drop(unread);
    while ask().await.status != 200 {
        tokio::task::yield_now().await;
    }
    server.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_one_user_does_not_affect_another() {
    let server = TestServer::start(4).await;
    let (http, backend) = (server.http.clone(), &server.backend);
    let ask = |user: &str| {
        let (http, authorization) = (http.clone(), format!("Bearer {}", token_in(backend.folder(), user)));
        async move {
            let headers = [("authorization", authorization.as_str())];
            http.send(Method::GET, "/api/v1/sharing/outgoing", &headers, "").await.unwrap()
        }
    };
    assert_eq!(ask("ann").await.status, 200);
    let is_over = Arc::new(AtomicBool::new(false));
    let mut flood = JoinSet::new();
    for _ in 0..64 {
        let (is_over, ask) = (is_over.clone(), ask("ann"));
        let (http, authorization) = (http.clone(), format!("Bearer {}", token_in(backend.folder(), "ann")));
        flood.spawn(async move {
            let mut is_shed = u32::from(ask.await.status == 429);
            while !is_over.load(Ordering::SeqCst) {
                let headers = [("authorization", authorization.as_str())];
                let answer = http.send(Method::GET, "/api/v1/sharing/outgoing", &headers, "").await.unwrap();
                if answer.status == 429 {
                    assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("RATE_LIMIT_EXCEEDED", "1"));
                    is_shed += 1;
                } else {
                    assert_eq!(answer.status, 200);
                }
            }
            is_shed
        });
    }
    for _ in 0..50 {
        assert_eq!(ask("bob").await.status, 200);
    }
    is_over.store(true, Ordering::SeqCst);
    assert!(flood.join_all().await.into_iter().sum::<u32>() > 0, "the flood was none");
    server.shutdown.begin();
}
