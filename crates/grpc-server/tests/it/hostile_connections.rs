//! Peers who mean no good, or are merely slow: they are put an end to, and others do not notice.

use std::time::Duration;

use http_server::ConnectionSettings;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use test_kit::frames::{CONTINUATION, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM, post};

use crate::echo::{Echo, LARGE, NEVER, settings};

fn impatient() -> ConnectionSettings {
    let short = Duration::from_millis(100);
    ConnectionSettings { handshake_timeout: short, idle_timeout: short, ..ConnectionSettings::default() }
}

/// What comes back on a new connection for a whole request.
async fn hello(echo: &Echo) -> String {
    let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// Whether the server ends the connection, whatever else it says first.
async fn is_ended(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut rest)).await;
    // Reset or ended: it is over either way.
    ended.is_ok()
}

#[tokio::test]
async fn slow_or_silent_clients_time_out() {
    let echo = Echo::rest(impatient(), NEVER).await;
    for beginning in ["", "G", "GET / HTTP/1.1\r\nx: ", "PRI * HTTP/2.0\r\n\r\n", "PRI", "\r\n"] {
        let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        assert!(is_ended(&mut stream).await, "{beginning:?}");
        assert!(hello(&echo).await.contains("hello"));
    }
}

#[tokio::test]
async fn slow_loris_is_disconnected() {
    let echo = Echo::rest(impatient(), NEVER).await;
    let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
    let dripping = async {
        let mut answer = [0; 64];
        // Drips whenever the server has said nothing for a while, until it ends the connection.
        while tokio::time::timeout(Duration::from_millis(5), stream.read(&mut answer)).await.is_err() {
            if stream.write_all(b"x: y\r\n").await.is_err() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), dripping).await.expect("an end to it");
    assert!(hello(&echo).await.contains("hello"));
}

#[tokio::test]
async fn unread_response_times_out() {
    let echo = Echo::rest(impatient(), NEVER).await;
    let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    // Takes the first of it and no more, until the server has given up on the rest.
    let mut first = [0; 1024];
    stream.read_exact(&mut first).await.unwrap();
    tokio::time::timeout(Duration::from_mins(1), echo.gave_up.notified()).await.expect("the server to give up");
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert!(rest.len() < LARGE, "{}", rest.len());
}

#[tokio::test]
async fn idle_connection_is_closed_unless_a_call_is_in_flight() {
    let grpc = grpc_server::GrpcSettings { connections: impatient(), ..settings() };
    let echo = Echo::grpc(grpc, NEVER).await;
    let mut idle = Frames::connect(echo.socket()).await;
    let mut waiting = Frames::connect(echo.socket()).await;
    waiting.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Wait")).await.unwrap();
    assert!(idle.until(GOAWAY).await.is_some(), "a goodbye");
    while idle.next().await.is_some() {}
    echo.go_on.notify_one();
    let (_, stream, _) = waiting.until(HEADERS).await.expect("an answer on a connection that is as old");
    assert_eq!(stream, 1);
}

#[tokio::test]
async fn connection_at_its_maximum_age_is_drained() {
    let short = ConnectionSettings { connection_age: Duration::from_secs(1), ..ConnectionSettings::default() };
    let echo = Echo::grpc(grpc_server::GrpcSettings { connections: short, ..settings() }, NEVER).await;
    let mut frames = Frames::connect(echo.socket()).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Wait")).await.unwrap();
    let (_, _, message) = frames.until(GOAWAY).await.expect("a goodbye");
    assert_eq!(message[4..8], [0; 4], "without reproach");
    echo.go_on.notify_one();
    assert!(frames.until(HEADERS).await.is_some(), "what was under way is answered");
}

#[tokio::test]
async fn connection_limit_is_kept_and_freed() {
    let few = ConnectionSettings { max_connections: 2, ..ConnectionSettings::default() };
    let echo = Echo::rest(few, NEVER).await;
    let mut taken = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 15];
        stream.read_exact(&mut first).await.unwrap();
        taken.push(stream);
    }
    let mut third = std::pin::pin!(hello(&echo));
    let early = tokio::time::timeout(Duration::from_millis(300), &mut third).await;
    assert!(early.is_err(), "a third was served beside two: {early:?}");
    drop(taken);
    assert!(third.await.contains("hello"));
}

/// CVE-2023-44487.
#[tokio::test]
async fn rapid_reset_ends_the_connection_and_no_other() {
    let echo = Echo::grpc(settings(), NEVER).await;
    let mut other = Frames::connect(echo.socket()).await;
    let mut attacker = Frames::connect(echo.socket()).await;
    for stream in (1..200_000).step_by(2) {
        let head = attacker.send(HEADERS, END_HEADERS, stream, &post("/test.Echo/Wait")).await;
        if head.is_err() || attacker.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]).await.is_err() {
            break;
        }
    }
    let (_, _, message) = attacker.until(GOAWAY).await.expect("an end to it");
    assert_eq!(message[4..8], [0, 0, 0, 11], "ENHANCE_YOUR_CALM");
    other.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Answer")).await.unwrap();
    assert!(other.until(HEADERS).await.is_some());
}

/// CVE-2024-27316 and its kin.
#[tokio::test]
async fn endless_headers_end_the_connection() {
    let echo = Echo::grpc(settings(), NEVER).await;
    let mut other = Frames::connect(echo.socket()).await;
    let mut attacker = Frames::connect(echo.socket()).await;
    attacker.send(HEADERS, 0, 1, &post("/test.Echo/Answer")).await.unwrap();
    let filler = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat().repeat(100);
    let mut is_ended = false;
    for _ in 0..10_000 {
        if attacker.send(CONTINUATION, 0, 1, &filler).await.is_err() {
            is_ended = true;
            break;
        }
    }
    assert!(is_ended || attacker.until(GOAWAY).await.is_some(), "100 MB of headers were taken");
    other.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Answer")).await.unwrap();
    assert!(other.until(HEADERS).await.is_some());
}

#[tokio::test]
async fn too_large_headers_are_431() {
    let echo = Echo::rest(ConnectionSettings::default(), NEVER).await;
    let mut stream = TcpStream::connect(echo.socket()).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "y".repeat(17 * 1024));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 431");

    let echo = Echo::grpc(settings(), NEVER).await;
    let mut frames = Frames::connect(echo.socket()).await;
    let headers = [post("/test.Echo/Answer"), [&[0, 1, b'x', 120][..], &[b'y'; 120]].concat().repeat(140)].concat();
    frames.send(HEADERS, END_STREAM, 1, &headers[..16_000]).await.unwrap();
    frames.send(CONTINUATION, END_HEADERS, 1, &headers[16_000..]).await.unwrap();
    let (_, _, message) = frames.until(HEADERS).await.expect("an answer");
    // `:status` written out, since 431 is not in the static table; Huffman-coded by this server.
    assert_eq!(message[0] & 0x0f, 8, "a literal with the name `:status`: {message:?}");
}
