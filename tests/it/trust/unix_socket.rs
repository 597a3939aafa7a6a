//! A service on a socket file.

use std::{fs, os::unix::fs::PermissionsExt};

use runtime::{clock::Clock, process::ConfigurationError, shutdown::Shutdown};
use test_kit::{Backend, HttpClient};

fn settings(backend: &Backend) -> sharing_svc::config::Settings {
    let listen = format!("unix:{}", backend.folder().join("sharing.sock").display());
    let url = backend.url();
    let command = service::settings::parse_from::<sharing_svc::SharingSvc>([
        "sharing-svc",
        "serve",
        "--listen",
        &listen,
        "--database-url",
        &url,
    ])
    .unwrap();
    let service::settings::Action::Serve(settings) = command.action else { panic!("serve was asked for") };
    settings
}

#[tokio::test]
async fn socket_file_is_for_owner_and_group_and_is_reclaimed() {
    let backend = Backend::sqlite();
    let path = backend.folder().join("sharing.sock");
    // What a process left behind that was killed.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let service = sharing_svc::open(settings(&backend), Clock::system()).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);

    let second = sharing_svc::open(settings(&backend), Clock::system()).await.err().expect("a refusal");
    assert!(second.is::<ConfigurationError>() && format!("{second:#}").contains("another process"), "{second:#}");

    let shutdown = Shutdown::new();
    let url = service.address().unwrap().url();
    assert_eq!(url, format!("unix:{}", path.display()));
    tokio::spawn(service.serve(shutdown.clone()));
    let nowhere = "http://127.0.0.1:1".parse().unwrap();
    let settings = crate::test_server::gateway_settings(url.parse().unwrap(), nowhere, backend.folder());
    let gateway = gateway::open(settings, Clock::system()).await.unwrap();
    let http = HttpClient::new(gateway.address().unwrap().url());
    tokio::spawn(gateway.serve(shutdown.clone()));
    let token = format!("Bearer {}", crate::test_server::token_in(backend.folder(), "ann"));
    let path = "/api/v1/sharing/outgoing";
    let answer = http.send(http::Method::GET, path, &[("authorization", &token)], "").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.json());
    shutdown.begin();
}
