//! The calls of the platform's published reference, word for word but for host and token.

use http::Method;
use test_kit::Backend;

use crate::test_server::TestServer;

#[tokio::test]
async fn every_published_call_works_as_documented() {
    let backend = Backend::sqlite();
    // Its expiries lay ahead when it was published.
    let server = TestServer::start_at(&backend, "2026-06-01T00:00:00Z").await;
    let examples = include_str!("../cases/published_examples.txt");
    let mut shown = 0;
    for example in examples.split("\n\n").filter(|example| !example.starts_with('#')) {
        let (request, body) = example.trim().split_once('\n').unwrap_or((example.trim(), ""));
        let mut parts = request.split_whitespace();
        let (method, path, status) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
        let code = parts.next().unwrap_or_default();
        let method: Method = method.parse().unwrap();
        let answer = server.ask("ann", method, path, body).await;
        assert_eq!((answer.status.as_str(), answer.code().as_str()), (status, code), "{request}: {}", answer.json());
        shown += 1;
    }
    assert_eq!(shown, 14, "one for each call that the reference writes out");
}
