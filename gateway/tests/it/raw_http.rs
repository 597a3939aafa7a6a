//! Requests as bytes: what a client library would not send, or would hide.

use std::time::Duration;

use http::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::test_server::{Signer, TestServer, claims};

/// A response that has not begun by then never will.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Sends a request and returns the head of the response.
async fn send(server: &TestServer, request: &[u8]) -> String {
    let mut connection = TcpStream::connect(server.address()).await.unwrap();
    connection.write_all(request).await.unwrap();
    let mut response = Vec::new();
    while !response.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = tokio::time::timeout(TIMEOUT, connection.read_buf(&mut response)).await;
        assert_ne!(read.expect("a response").unwrap(), 0, "{}", String::from_utf8_lossy(&response));
    }
    String::from_utf8_lossy(&response).into_owned()
}

fn status(response: &str) -> u16 {
    response.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn missing_repeated_and_invalid_host_is_400() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    for (head, expected) in [
        ("GET /healthz HTTP/1.1\r\nHost: localhost", 200),
        ("GET /healthz HTTP/1.1\r\nhost: [::1]:8080", 200),
        ("GET /healthz HTTP/1.0", 200),
        ("GET http://other.example/healthz HTTP/1.1\r\nHost: localhost", 200),
        ("GET /healthz HTTP/1.1", 400),
        ("GET http://localhost/healthz HTTP/1.1", 400),
        ("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a.example\r\nHost: b.example", 400),
        ("GET /healthz HTTP/1.0\r\nHost: a.example\r\nHost: b.example", 400),
        ("GET /healthz HTTP/1.1\r\nHost:", 400),
        ("GET /healthz HTTP/1.1\r\nHost: a b", 400),
        ("GET /healthz HTTP/1.1\r\nHost: user@localhost", 400),
        ("GET /healthz HTTP/1.1\r\nHost: localhost:http", 400),
        ("GET /api/v1/sharing/outgoing HTTP/1.1", 400),
        ("POST /api/v1/sharing HTTP/1.1\r\nContent-Length: 0", 400),
        ("GET /nowhere HTTP/1.1", 400),
    ] {
        let response = send(&server, format!("{head}\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&response), expected, "{head}: {response}");
        assert!(response.contains("x-request-id: "), "every response has its headers: {response}");
    }
}

#[tokio::test]
async fn rejected_body_is_not_requested() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let token = signer.sign(None, &claims());
    let json = "Content-Type: application/json";
    for (headers, expected) in [
        (format!("{json}\r\nContent-Length: 262145"), 413),
        ("Content-Type: text/plain\r\nContent-Length: 2".to_owned(), 415),
        ("Content-Length: 2".to_owned(), 415),
        ("Transfer-Encoding: chunked".to_owned(), 415),
        (format!("{json}\r\n{json}\r\nContent-Length: 2"), 415),
        (format!("{json}\r\nContent-Length: 2\r\nContent-Encoding: gzip"), 415),
        (format!("{json}\r\nContent-Length: 2"), 100),
        (format!("{json}\r\nTransfer-Encoding: chunked"), 100),
        (format!("{json}\r\nContent-Length: 262144"), 100),
    ] {
        for line in ["POST /api/v1/sharing", "PUT /api/v1/sharing/x", "PUT /api/v1/exposure-profiles/x"] {
            let fixed = format!("Host: x\r\nAuthorization: Bearer {token}\r\nExpect: 100-continue");
            let response = send(&server, format!("{line} HTTP/1.1\r\n{fixed}\r\n{headers}\r\n\r\n").as_bytes()).await;
            assert_eq!(status(&response), expected, "{line} {headers}: {response}");
        }
    }
    for (line, authorization, expected) in [
        ("POST /api/v1/sharing", "", 401),
        ("POST /api/v1/sharing/incoming", &format!("Authorization: Bearer {token}\r\n"), 405),
        ("PUT /api/v1/exposure-profiles", &format!("Authorization: Bearer {token}\r\n"), 405),
        ("POST /nowhere", "", 404),
    ] {
        let fixed = format!("Host: x\r\n{authorization}Expect: 100-continue\r\n{json}\r\nContent-Length: 2");
        let response = send(&server, format!("{line} HTTP/1.1\r\n{fixed}\r\n\r\n").as_bytes()).await;
        assert_eq!(status(&response), expected, "{line}: {response}");
    }
}

#[tokio::test]
async fn compressed_bodies_are_415_and_a_byte_order_mark_is_ignored() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let authorization = format!("Bearer {}", signer.sign(None, &claims()));
    let post = async |extra: &[(&str, &str)], body: &[u8]| {
        let mut headers = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        headers.extend_from_slice(extra);
        let answer = server.http().send(Method::POST, "/api/v1/sharing", &headers, body).await.unwrap();
        (answer.status.as_u16(), answer.code())
    };
    let share = br#"{"shared_with_user_id": "bob", "scope": "all"}"#;
    let marked = |mark: &[u8]| [mark, share].concat();
    // There is no service behind: 503 means that the body was accepted.
    let validated = (503, "SERVICE_UNAVAILABLE".to_owned());
    for coding in ["gzip", "GZIP", "br", "deflate", "zstd", "gzip, identity", "identity, identity", "unknown", ""] {
        let refused = post(&[("content-encoding", coding)], share).await;
        assert_eq!(refused, (415, "UNSUPPORTED_MEDIA_TYPE".to_owned()), "{coding}");
    }
    assert_eq!(post(&[("content-encoding", "identity")], share).await, validated);
    assert_eq!(post(&[("content-encoding", "Identity")], share).await, validated);
    assert_eq!(post(&[], &marked(b"\xef\xbb\xbf")).await, validated);
    for mark in [&b"\xef\xbb\xbf\xef\xbb\xbf"[..], b"\xef\xbb", b"\xfe\xff", b"\xff\xfe", b" \xef\xbb\xbf"] {
        assert_eq!(post(&[], &marked(mark)).await, (400, "MALFORMED_JSON".to_owned()), "{mark:?}");
    }
    assert_eq!(post(&[], b"\xef\xbb\xbf").await, (400, "MALFORMED_JSON".to_owned()), "a mark alone is no JSON");
}

#[tokio::test]
async fn root_redirects_to_the_documentation() {
    let server = TestServer::with_pem(&Signer::ed25519()).await;
    for method in [Method::GET, Method::HEAD] {
        let answer = server.http().send(method, "/", &[], "").await.unwrap();
        assert_eq!((answer.status.as_u16(), answer.header("location")), (307, "/docs"));
    }
    assert_eq!(server.http().send(Method::POST, "/", &[], "").await.unwrap().status, 405);
    assert_eq!(server.http().send(Method::GET, "/docs", &[], "").await.unwrap().status, 200);
}
