//! Limits of calls, and the errors beyond them.

use std::time::Duration;

use admission::AdmissionSettings;
use axum::body::Bytes;
use grpc_server::{GrpcSettings, rpc_error::RpcError};
use http_body_util::Full;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioExecutor};
use tonic::{Code, Status};

use crate::echo::{Echo, NEVER, settings};

/// A client that sends requests unchanged and enforces no deadline of its own, unlike tonic's.
type Client = hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>;

struct Caller {
    client: Client,
    url: String,
}

fn caller(echo: &Echo) -> Caller {
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    Caller { client, url: echo.address.url() }
}

/// Sends these bytes as a call, whatever they are; gives the status.
async fn send(caller: &Caller, path: &str, headers: &[(&str, &str)], bytes: Vec<u8>) -> Status {
    let mut request = http::Request::post(format!("{}{path}", caller.url)).header("content-type", "application/grpc");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = caller.client.request(request.body(Full::new(Bytes::from(bytes))).unwrap()).await.unwrap();
    Status::from_header_map(answer.headers()).expect("a status without a message")
}

fn framed(promised: u32, bytes: usize) -> Vec<u8> {
    [&[0][..], &promised.to_be_bytes(), &vec![0; bytes]].concat()
}

#[tokio::test]
async fn message_size_is_limited_by_method() {
    let echo = Echo::grpc(settings(), NEVER).await;
    let channel = caller(&echo);
    for (message, code) in [
        (framed(0, 0), Code::Ok),
        (framed(1024, 1024), Code::Ok),
        (framed(1025, 1025), Code::ResourceExhausted),
        (framed(100_000, 100_000), Code::ResourceExhausted),
        // Says that it is large, and is not.
        (framed(u32::MAX, 10), Code::ResourceExhausted),
        // Says that it is small, and is not.
        (framed(1, 5_000), Code::ResourceExhausted),
    ] {
        let shown = (message.len(), message[..5].to_vec());
        let status = send(&channel, "/test.Echo/Answer", &[], message).await;
        assert_eq!(status.code(), code, "{shown:?}: {status:?}");
        if code != Code::Ok {
            assert_eq!(RpcError::from_status(&status).unwrap().reason, "MESSAGE_TOO_LARGE");
        }
    }
}

#[tokio::test]
async fn exceeded_deadline_is_reported() {
    let echo = Echo::grpc(settings(), NEVER).await;
    let channel = caller(&echo);
    let status = send(&channel, "/test.Echo/Wait", &[("grpc-timeout", "20m")], framed(0, 0)).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert_eq!(RpcError::from_status(&status).unwrap().reason, "DEADLINE_EXCEEDED");
    let status = send(&channel, "/test.Echo/Answer", &[("grpc-timeout", "5 s")], framed(0, 0)).await;
    assert_eq!(status.code(), Code::InvalidArgument);
    assert_eq!(RpcError::from_status(&status).unwrap().fields.iter().next().unwrap().0, "grpc-timeout");
    // It does not begin, however soon it would end.
    let status = send(&channel, "/test.Echo/Answer", &[("grpc-timeout", "0m")], framed(0, 0)).await;
    assert_eq!(status.code(), Code::DeadlineExceeded);
    let status = send(&channel, "/test.Echo/Answer", &[("grpc-timeout", "99999999H")], framed(0, 0)).await;
    assert_eq!(status.code(), Code::Ok);

    // A caller who does not say how long is not waited for, for ever.
    let echo = Echo::grpc(GrpcSettings { deadline: Duration::from_millis(20), ..settings() }, NEVER).await;
    let channel = caller(&echo);
    for asked in [vec![], vec![("grpc-timeout", "1H")]] {
        assert_eq!(send(&channel, "/test.Echo/Wait", &asked, framed(0, 0)).await.code(), Code::DeadlineExceeded);
    }
}

#[tokio::test]
async fn requests_beyond_the_limit_are_rejected() {
    let load = AdmissionSettings { max_in_flight: Some(1), max_waiting: Some(0), max_body_memory: 1 };
    let echo = Echo::grpc(GrpcSettings { load, ..settings() }, NEVER).await;
    let channel = caller(&echo);
    let waiting = caller(&echo);
    let first =
        tokio::spawn(async move { send(&waiting, "/test.Echo/Wait", &[], framed(700 * 1024, 700 * 1024)).await });
    // Until the first has its permit, this one has it.
    let rejection = loop {
        let status = send(&channel, "/test.Echo/Wait", &[("grpc-timeout", "20m")], framed(0, 0)).await;
        if status.code() != Code::DeadlineExceeded {
            break status;
        }
    };
    let refusal = RpcError::from_status(&rejection).unwrap();
    assert_eq!((rejection.code(), refusal.reason.as_str()), (Code::ResourceExhausted, "SERVICE_UNAVAILABLE"));
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(1)));
    assert_eq!(rejection.metadata().get("retry-after").unwrap(), "1");
    assert_eq!(send(&channel, "/test.Echo/Answer", &[], framed(0, 0)).await.code(), Code::Ok, "another method");
    // Its memory is held as well: a message that would fit is not read while the other is.
    let large = send(&channel, "/test.Echo/Wait", &[], framed(700 * 1024, 700 * 1024)).await;
    assert_eq!(large.code(), Code::ResourceExhausted);
    echo.go_on.notify_one();
    assert_eq!(first.await.unwrap().code(), Code::Ok);
}

#[tokio::test]
async fn slow_body_holds_no_permit() {
    use test_kit::frames::{DATA, END_HEADERS, Frames, HEADERS, post};
    let load = AdmissionSettings { max_in_flight: Some(1), max_waiting: Some(0), max_body_memory: 1 };
    let echo = Echo::grpc(GrpcSettings { load, ..settings() }, NEVER).await;
    let mut slow = Vec::new();
    for _ in 0..10 {
        let mut frames = Frames::connect(echo.socket()).await;
        frames.send(HEADERS, END_HEADERS, 1, &post("/test.Echo/Answer")).await.unwrap();
        frames.send(DATA, 0, 1, &framed(100, 10)).await.unwrap();
        slow.push(frames);
    }
    let channel = caller(&echo);
    for _ in 0..50 {
        assert_eq!(send(&channel, "/test.Echo/Answer", &[], framed(0, 0)).await.code(), Code::Ok);
    }
}

#[tokio::test]
async fn health_watches_have_a_pool_of_their_own() {
    use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};
    let echo = Echo::grpc(GrpcSettings { max_open_streams: 1, ..settings() }, NEVER).await;
    let connect = async || {
        HealthClient::new(tonic::transport::Endpoint::from_shared(echo.address.url()).unwrap().connect().await.unwrap())
    };
    let mut open = Vec::new();
    let rejected = loop {
        match connect().await.watch(HealthCheckRequest::default()).await {
            Ok(watch) => open.push(watch),
            Err(status) => break status,
        }
        assert!(open.len() < 100, "watches are limited");
    };
    assert_eq!(rejected.code(), Code::ResourceExhausted);
    assert!(open.len() > 1, "they take no stream of others");
    let channel = caller(&echo);
    assert_eq!(send(&channel, "/test.Echo/Answer", &[], framed(0, 0)).await.code(), Code::Ok);
    drop(open);
    while connect().await.check(HealthCheckRequest::default()).await.is_err() {
        tokio::task::yield_now().await;
    }
}
