//! Connections by mutual TLS: whose are taken, and what happens when certificates change.

use std::{fs, path::Path, time::Duration};

use runtime::{clock::Clock, shutdown::Shutdown};
use rustls::pki_types::{CertificateDer, pem::PemObject};
use test_kit::{Backend, HttpClient};

use super::plane::{ClientCertificate, SecurePlane, make_certificates};

#[tokio::test]
async fn client_certificate_is_required() {
    let plane = SecurePlane::start().await;
    assert!(plane.certificate("service").is_accepted(&plane.sharing).await);

    let elsewhere = tempfile::tempdir().unwrap();
    make_certificates(elsewhere.path(), "ofself.local");
    let forged =
        ClientCertificate { ca: plane.folder.join("ca.pem"), ..ClientCertificate::of(elsewhere.path(), "gateway") };
    assert!(!forged.is_accepted(&plane.sharing).await, "a certificate of another authority");
    let bare = tonic::transport::Endpoint::from_shared(plane.sharing.replace("https", "http")).unwrap();
    let plain = bare.connect().await.unwrap();
    assert!(crate::raw_call::call(&plain, "/grpc.health.v1.Health/Check", None).await.is_err(), "plain text");
}

#[tokio::test]
async fn client_rejects_server_of_other_authority_or_name() {
    let plane = SecurePlane::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    make_certificates(elsewhere.path(), "ofself.local");
    let misled = ClientCertificate { ca: elsewhere.path().join("ca.pem"), ..plane.certificate("gateway") };
    assert!(!misled.is_accepted(&plane.sharing).await, "a server of another authority");
    let other_name = plane.sharing.replace("localhost", "127.0.0.2");
    assert!(!plane.certificate("gateway").is_accepted(&other_name).await, "a name that the certificate does not have");
}

#[tokio::test]
async fn unfinished_handshake_times_out() {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpStream,
    };
    let plane = SecurePlane::start().await;
    let address = plane.sharing.replace("https://localhost", "127.0.0.1");
    let mut half_open = Vec::new();
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n"] {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(beginning).await.unwrap();
        half_open.push(stream);
    }
    assert!(plane.certificate("service").is_accepted(&plane.sharing).await, "others connect meanwhile");
    for mut stream in half_open {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_mins(1), stream.read_to_end(&mut rest)).await;
        // Ended or reset: it is over either way.
        assert!(ended.is_ok());
    }
}

/// The certificate that the server presents to a new connection.
async fn shown(plane: &SecurePlane, certificate: &ClientCertificate) -> Vec<u8> {
    use tower::Service;
    let stream = certificate.connector().call(plane.sharing.parse().unwrap()).await.unwrap().into_inner();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

fn der(path: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

#[tokio::test]
async fn renewed_certificate_is_used_without_restart() {
    let plane = SecurePlane::start().await;
    let certificate = plane.certificate("service");
    let first = shown(&plane, &certificate).await;
    assert_eq!(first, der(&plane.folder.join("sharing-svc.pem")));

    // Half of a pair, and no certificate at all: what was there is kept.
    fs::write(plane.folder.join("sharing-svc.pem"), "not a certificate").unwrap();
    for _ in 0..20 {
        assert_eq!(shown(&plane, &certificate).await, first);
    }
    make_certificates(&plane.folder, "ofself.local");
    let renewed = der(&plane.folder.join("sharing-svc.pem"));
    assert_ne!(renewed, first);
    while shown(&plane, &plane.certificate("service")).await != renewed {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn new_authority_locks_out_callers_of_the_old() {
    let plane = SecurePlane::start().await;
    let old = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(&plane.folder).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), old.path().join(entry.file_name())).unwrap();
    }
    fs::remove_file(plane.folder.join("ca.key")).unwrap();
    make_certificates(&plane.folder, "ofself.local");
    // The old caller trusts the new authority, but has certificate of the old one.
    let old = ClientCertificate { ca: plane.folder.join("ca.pem"), ..ClientCertificate::of(old.path(), "gateway") };
    while !plane.certificate("gateway").is_accepted(&plane.sharing).await || old.is_accepted(&plane.sharing).await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn gateway_uses_mutual_tls() {
    let plane = SecurePlane::start().await;
    let backend = Backend::sqlite();
    let mut settings = crate::test_server::gateway_settings(
        plane.sharing.parse().unwrap(),
        plane.exposure.parse().unwrap(),
        backend.folder(),
    );
    let ClientCertificate { cert, key, ca } = plane.certificate("gateway");
    settings.upstream_tls.upstream_tls_cert = Some(cert);
    settings.upstream_tls.upstream_tls_key = Some(key);
    settings.upstream_tls.upstream_tls_ca = Some(ca);
    let gateway = gateway::open(settings, Clock::system()).await.unwrap();
    let http = HttpClient::new(gateway.address().unwrap().url());
    let shutdown = Shutdown::new();
    tokio::spawn(gateway.serve(shutdown.clone()));
    let token = format!("Bearer {}", crate::test_server::token_in(backend.folder(), "ann"));
    let path = "/api/v1/exposure-profiles/default";
    let answer = http.send(http::Method::GET, path, &[("authorization", &token)], "").await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.json());
    shutdown.begin();
}

#[tokio::test]
async fn gateway_with_a_certificate_serves_https() {
    let (backend, plane) = (Backend::sqlite(), SecurePlane::start().await);
    let nowhere = || "http://127.0.0.1:1".parse().unwrap();
    let mut settings = crate::test_server::gateway_settings(nowhere(), nowhere(), backend.folder());
    let ClientCertificate { cert, key, .. } = plane.certificate("gateway");
    (settings.tls.tls_cert, settings.tls.tls_key) = (Some(cert), Some(key));
    let gateway = gateway::open(settings, Clock::system()).await.unwrap();
    let address = gateway.address().unwrap().to_string();
    let shutdown = Shutdown::new();
    tokio::spawn(gateway.serve(shutdown.clone()));
    let mut curl = std::process::Command::new("curl");
    curl.args(["--silent", "--show-error", "--max-time", "20", "--cacert"])
        .arg(plane.folder.join("ca.pem"))
        .arg(format!("https://{address}/healthz"));
    let asked = tokio::task::spawn_blocking(move || curl.output()).await.unwrap().unwrap();
    assert_eq!(String::from_utf8_lossy(&asked.stdout), "ok\n", "{}", String::from_utf8_lossy(&asked.stderr));
    shutdown.begin();
}

#[tokio::test]
async fn watch_ends_with_the_trust_in_its_certificate() {
    use ofself_proto::sharing::{WatchSharesRequest, access_service_client::AccessServiceClient};
    let plane = SecurePlane::start().await;
    let channel = plane.certificate("service").connect(&plane.sharing).await.unwrap();
    let watch = AccessServiceClient::new(channel).watch_shares(WatchSharesRequest::default()).await.unwrap();
    let mut watch = watch.into_inner();
    assert!(watch.message().await.unwrap().is_some(), "a checkpoint");
    fs::remove_file(plane.folder.join("ca.key")).unwrap();
    make_certificates(&plane.folder, "ofself.local");
    let ended = async { while let Ok(Some(_)) = watch.message().await {} };
    tokio::time::timeout(Duration::from_mins(1), ended).await.expect("the end of the watch");
}
