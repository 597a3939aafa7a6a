//! One user's flood is that user's alone.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use admission::AdmissionSettings;
use http::Method;
use runtime::{clock::Clock, shutdown::Shutdown};
use serde_json::json;
use test_kit::{Backend, HttpClient};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::plane::{ClientCertificate, SecurePlane};
use crate::test_server::{gateway_settings, token_in};

/// A gateway.
struct TestServer {
    http: HttpClient,
    address: String,
    backend: Backend,
    shutdown: Shutdown,
    _plane: SecurePlane,
}

impl TestServer {
    async fn start(load: AdmissionSettings) -> Self {
        let (plane, backend) = (SecurePlane::start().await, Backend::sqlite());
        let mut settings =
            gateway_settings(plane.sharing.parse().unwrap(), plane.exposure.parse().unwrap(), backend.folder());
        let ClientCertificate { cert, key, ca } = plane.certificate("gateway");
        settings.upstream_tls.upstream_tls_cert = Some(cert);
        settings.upstream_tls.upstream_tls_key = Some(key);
        settings.upstream_tls.upstream_tls_ca = Some(ca);
        settings.limits.load = load;
        let gateway = gateway::open(settings, Clock::system()).await.unwrap();
        let address = gateway.address().unwrap();
        let http = HttpClient::new(address.url());
        let shutdown = Shutdown::new();
        tokio::spawn(gateway.serve(shutdown.clone()));
        Self { http, address: address.to_string(), backend, shutdown, _plane: plane }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_response_counts_for_its_user_alone() {
    // A page of four megabytes takes most of what one user may have of ten.
    let server = TestServer::start(AdmissionSettings { max_body_memory: 10, ..AdmissionSettings::default() }).await;
    let token = token_in(server.backend.folder(), "ann");
    let headers = [("authorization", format!("Bearer {token}")), ("content-type", "application/json".to_owned())];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    // Some four megabytes in a page: more than the two ends of a connection buffer.
    let tags: Vec<_> = (0..1_000).map(|n| format!("{n:0>127}")).collect();
    for number in 0..30 {
        let share = json!({"shared_with_user_id": format!("bob-{number}"), "scope": "specific_tags", "tag_ids": tags});
        let made = server.http.send(Method::POST, "/api/v1/sharing", &headers, share.to_string()).await.unwrap();
        assert_eq!(made.status, 201);
    }
    let page = "/api/v1/sharing/outgoing?limit=100";
    let mut unread = TcpStream::connect(&server.address).await.unwrap();
    let request = format!("GET {page} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {token}\r\n\r\n");
    unread.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    unread.read_exact(&mut status).await.unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    let ask = async || server.http.send(Method::GET, page, &headers, "").await.unwrap();
    let rejected = ask().await;
    assert_eq!((rejected.status.as_u16(), rejected.header("retry-after")), (429, "1"), "a response of hers is unread");
    // Her changes and the requests of others go on.
    let share = json!({"shared_with_user_id": "bob", "scope": "all"}).to_string();
    assert_eq!(server.http.send(Method::POST, "/api/v1/sharing", &headers, share).await.unwrap().status, 201);
    let authorization = format!("Bearer {}", token_in(server.backend.folder(), "bob"));
    let of_bob = [("authorization", authorization.as_str())];
    assert_eq!(server.http.send(Method::GET, page, &of_bob, "").await.unwrap().status, 200);
    drop(unread);
    while ask().await.status != 200 {
        tokio::task::yield_now().await;
    }
    server.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn unread_responses_of_three_users_reject_no_change() {
    let server = TestServer::start(AdmissionSettings { max_body_memory: 20, ..AdmissionSettings::default() }).await;
    let token = |user: &str| token_in(server.backend.folder(), user);
    let post = async |user: &str, share: serde_json::Value| {
        let authorization = format!("Bearer {}", token(user));
        let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
        server.http.send(Method::POST, "/api/v1/sharing", &headers, share.to_string()).await.unwrap().status
    };
    let tags: Vec<_> = (0..1_000).map(|n| format!("{n:0>127}")).collect();
    let mut unread = Vec::new();
    for user in ["ann", "bob", "cyd"] {
        for number in 0..30 {
            let share =
                json!({"shared_with_user_id": format!("x-{number}"), "scope": "specific_tags", "tag_ids": tags});
            assert_eq!(post(user, share).await, 201);
        }
        let mut connection = TcpStream::connect(&server.address).await.unwrap();
        let request = format!(
            "GET /api/v1/sharing/outgoing?limit=100 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {}\r\n\r\n",
            token(user)
        );
        connection.write_all(request.as_bytes()).await.unwrap();
        // It is being answered, or was rejected: three pages may not fit.
        let mut status = [0; 12];
        connection.read_exact(&mut status).await.unwrap();
        unread.push((connection, status == *b"HTTP/1.1 200"));
    }
    assert!(unread.iter().filter(|(_, is_page)| *is_page).count() > 1, "the pages are unread");
    for number in 0..30 {
        let share = json!({"shared_with_user_id": format!("eve-{number}"), "scope": "all"});
        assert_eq!(post("dan", share).await, 201, "change {number}");
    }
    server.shutdown.begin();
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_of_one_user_does_not_affect_another() {
    // Fewer wait than the flood sends, so that it is always at the limit.
    let server = TestServer::start(AdmissionSettings { max_waiting: Some(32), ..AdmissionSettings::default() }).await;
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
