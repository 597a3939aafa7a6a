//! The end of a process, with streams open and calls in flight.

use std::time::Duration;

use tokio_stream::StreamExt;
use tonic::{Code, transport::Endpoint};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use test_kit::frames::{END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, post};

use crate::echo::{Echo, NEVER, settings};

async fn ended(echo: &mut Echo) {
    tokio::time::timeout(Duration::from_mins(1), &mut echo.serving).await.expect("an end to it").unwrap();
}

#[tokio::test]
async fn health_watch_ends_on_shutdown() {
    let mut echo = Echo::grpc(settings(), NEVER).await;
    let channel = Endpoint::from_shared(echo.address.url()).unwrap().connect().await.unwrap();
    let request = HealthCheckRequest { service: String::new() };
    let mut watching = HealthClient::new(channel).watch(request).await.unwrap().into_inner();
    watching.next().await.unwrap().unwrap();
    echo.shutdown.begin();
    let end = watching.next().await.expect("a reason").unwrap_err();
    assert_eq!((end.code(), end.message()), (Code::Unavailable, "this replica is shutting down; call again"));
    // An hour is what it may take.
    ended(&mut echo).await;
}

#[tokio::test]
async fn requests_in_flight_are_completed_on_shutdown() {
    let mut echo = Echo::grpc(settings(), NEVER).await;
    let mut frames = Frames::connect(echo.socket()).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Wait")).await.unwrap();
    // Answered once the one before it has come to its method.
    frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &post("/test.Echo/Answer")).await.unwrap();
    assert_eq!(frames.until(HEADERS).await.expect("an answer").1, 3);
    echo.shutdown.begin();
    frames.until(GOAWAY).await.expect("a goodbye");
    assert!(!echo.serving.is_finished());
    echo.go_on.notify_one();
    assert_eq!(frames.until(HEADERS).await.expect("an answer").1, 1);
    ended(&mut echo).await;
}

#[tokio::test]
async fn requests_beyond_the_drain_time_are_cancelled() {
    let mut echo = Echo::grpc(settings(), Duration::from_millis(100)).await;
    let mut frames = Frames::connect(echo.socket()).await;
    frames.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Wait")).await.unwrap();
    frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &post("/test.Echo/Answer")).await.unwrap();
    frames.until(HEADERS).await.expect("an answer");
    echo.shutdown.begin();
    ended(&mut echo).await;
    while frames.next().await.is_some() {}
}

#[tokio::test]
async fn lame_duck_still_serves() {
    let mut echo = Echo::grpc(settings(), NEVER).await;
    echo.shutdown.begin_and_close_after(Duration::from_secs(3));
    assert!(echo.shutdown.has_begun());
    let mut late = Frames::connect(echo.socket()).await;
    late.send(HEADERS, END_HEADERS | END_STREAM, 1, &post("/test.Echo/Answer")).await.unwrap();
    assert!(late.until(HEADERS).await.is_some(), "who has not noticed is served");
    ended(&mut echo).await;
}

#[tokio::test]
async fn stream_without_a_first_message_does_not_delay_the_end() {
    let mut echo = Echo::grpc(settings(), NEVER).await;
    let mut frames = Frames::connect(echo.socket()).await;
    // The method waits for a message that does not come.
    frames.send(HEADERS, END_HEADERS, 1, &post("/grpc.health.v1.Health/Watch")).await.unwrap();
    frames.send(HEADERS, END_HEADERS | END_STREAM, 3, &post("/test.Echo/Answer")).await.unwrap();
    assert_eq!(frames.until(HEADERS).await.expect("an answer").1, 3);
    echo.shutdown.begin();
    assert_eq!(frames.until(HEADERS).await.expect("an answer").1, 1);
    // An hour is what it may take.
    ended(&mut echo).await;
}
