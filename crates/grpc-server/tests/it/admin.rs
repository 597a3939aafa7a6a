//! The admin port: for probes, over HTTP and gRPC, without a certificate.

use std::time::Duration;

use grpc_server::Health;
use http_server::admin::Admin;
use runtime::shutdown::Shutdown;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::{Code, service::Routes, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};

#[tokio::test]
async fn probes_are_answered_over_http_and_grpc() {
    let admin = Admin::listen(&"127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = admin.address().unwrap();
    let health = Health::new("echo", vec!["test.Echo"]).await;
    let (readiness, shutdown) = (health.readiness(), Shutdown::new());
    let routes = Routes::new(health.server()).into_axum_router();
    let serving = tokio::spawn(admin.serve(vec![readiness.clone()], Some(routes), shutdown.clone()));

    let mut probe = HealthClient::new(Endpoint::from_shared(address.url()).unwrap().connect().await.unwrap());
    for (service, expected) in
        [("", Ok(ServingStatus::NotServing)), ("test.Echo", Ok(ServingStatus::NotServing)), ("x", Err(Code::NotFound))]
    {
        let asked = probe.check(HealthCheckRequest { service: service.to_owned() }).await;
        let answer = asked.map(|answer| answer.into_inner().status()).map_err(|status| status.code());
        assert_eq!(answer, expected, "`{service}`: it says that it serves only once it does");
    }
    let status = async |path: &str| {
        let mut stream = TcpStream::connect(address.to_string()).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((status("/healthz").await, status("/readyz").await), ("200".to_owned(), "503".to_owned()));
    readiness.set(true);
    assert_eq!(status("/readyz").await, "200");
    // A lame duck is alive, and not ready.
    shutdown.begin_and_close_after(Duration::from_secs(3));
    assert_eq!((status("/healthz").await, status("/readyz").await), ("200".to_owned(), "503".to_owned()));
    tokio::time::timeout(Duration::from_mins(1), serving).await.expect("an end to it").unwrap();
}

#[tokio::test]
async fn admin_port_rejects_large_messages() {
    let admin = Admin::listen(&"127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = admin.address().unwrap();
    let health = Health::new("echo", vec![]).await;
    let (shutdown, routes) = (Shutdown::new(), Routes::new(health.server()).into_axum_router());
    tokio::spawn(admin.serve(vec![health.readiness()], Some(routes), shutdown.clone()));
    let mut probe = HealthClient::new(Endpoint::from_shared(address.url()).unwrap().connect().await.unwrap());
    let small = probe.check(HealthCheckRequest { service: "x".repeat(100) }).await;
    assert_eq!(small.unwrap_err().code(), Code::NotFound);
    let large = probe.check(HealthCheckRequest { service: "x".repeat(1 << 20) }).await;
    assert_ne!(large.unwrap_err().code(), Code::NotFound, "it was read");
    shutdown.begin();
}
