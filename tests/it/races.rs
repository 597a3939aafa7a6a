use std::sync::Arc;

use http::Method;
use test_kit::on_both;
use tokio::task::JoinSet;

use crate::test_server::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_requests_get_one_default_and_one_response() {
    on_both(|backend| async move {
        let server = Arc::new(TestServer::start(&backend).await);
        let mut asks = JoinSet::new();
        for _ in 0..64 {
            let server = server.clone();
            asks.spawn(async move { server.get("ann", "/exposure-profiles/default").await.body });
        }
        let answers = asks.join_all().await;
        assert!(answers.iter().all(|answer| *answer == answers[0] && !answer.is_empty()), "{backend}");

        let mut posts = JoinSet::new();
        for _ in 0..200 {
            let server = server.clone();
            posts.spawn(async move {
                let body = r#"{"shared_with_user_id": "bob", "scope": "all"}"#;
                let answer = server.ask_with("ann", Method::POST, "/sharing", &[("idempotency-key", "k")], body).await;
                (answer.status.as_u16(), answer.body)
            });
        }
        let answers = posts.join_all().await;
        assert_eq!(answers[0].0, 201, "{backend}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{backend}");
        assert_eq!(server.get("ann", "/sharing/outgoing").await.json()["total"], 1);
    })
    .await;
}
