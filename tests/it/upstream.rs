//! A service behind the gateway that is away, or slow.

use std::time::Duration;

use http::Method;
use test_kit::Backend;

use crate::test_server::TestServer;

#[tokio::test]
async fn dead_service_is_503_and_the_other_keeps_serving() {
    let backend = Backend::sqlite();
    let server = TestServer::start_with(&backend, 0, Duration::from_secs(2)).await;
    let is_ready = || async { server.http.send(Method::GET, "/readyz", &[], "").await.unwrap().status == 200 };
    while !is_ready().await {}
    server.sharing.begin();
    loop {
        let answer = server.get("ann", "/sharing/outgoing").await;
        assert!(answer.status == 200 || answer.status == 503, "{}", answer.status);
        if answer.status == 503 {
            assert_eq!((answer.code().as_str(), answer.header("retry-after")), ("SERVICE_UNAVAILABLE", "1"));
            break;
        }
    }
    let wrong = server.ask("ann", Method::POST, "/sharing", r#"{"scope": 5}"#).await;
    assert_eq!(wrong.status, 503, "the rest cannot be validated");
    assert_eq!(server.get("ann", "/exposure-profiles").await.status, 200);
    while is_ready().await {}
    assert_eq!(server.http.send(Method::GET, "/healthz", &[], "").await.unwrap().status, 200);
}

#[tokio::test]
async fn unresponsive_service_is_503_within_the_deadline() {
    // Takes connections and says nothing.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url: gateway::upstream_url::UpstreamUrl = format!("http://{}", silent.local_addr().unwrap()).parse().unwrap();
    let plain_text = http_server::PlainText::OnThisMachine;
    let upstreams =
        gateway::upstream::Upstreams::new(&url, &url, None, plain_text, Duration::from_millis(200)).unwrap();
    let asked = tokio::time::timeout(Duration::from_secs(20), upstreams.are_ready()).await;
    assert!(!asked.expect("an answer in bounded time"));
    let request = tonic::Request::new(ofself_proto::sharing::GetShareRequest { share_id: "x".into() });
    let asked = tokio::time::timeout(Duration::from_secs(20), upstreams.sharing().get_share(request)).await;
    let error = gateway::error::ApiError::from(asked.expect("an answer in bounded time").unwrap_err());
    assert_eq!(error.code(), gateway::error::ErrorCode::ServiceUnavailable);
}
