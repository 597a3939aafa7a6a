//! Redaction of large content beside other calls.

use std::{future::poll_fn, pin::pin, task::Poll};

use ofself_proto::exposure::{
    EvaluateNodesRequest, FilterNodesRequest, NodeContent, ProfileDraft, encoded, evaluate_nodes_request,
    filter_nodes_request::{Message, Open},
};
use serde_json::json;
use test_kit::Backend;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    exposure::node,
    filter_nodes::structure,
    test_server::{TestServer, named, strings},
};

/// Calls that are answered while the content is redacted.
const CALLS: usize = 20;

/// The test, the server and all its calls share one thread: redaction on it would answer none of them.
#[tokio::test]
async fn redaction_of_large_content_delays_no_decision() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let draft = ProfileDraft { transformations: strings(&["redact_pii"]), ..named("Redacted") };
    let profile = server.create("ann", draft).await.unwrap();
    server.grant("ann", "app", &profile.id).await.unwrap();

    let (nodes, sent) = mpsc::channel(1);
    let open = Open { user_id: "ann".into(), app_id: "app".into(), consistency: None };
    nodes.send(FilterNodesRequest { message: Some(Message::Open(open)) }).await.unwrap();
    let mut seen = server.decisions().filter_nodes(ReceiverStream::new(sent)).await.unwrap().into_inner();
    let content = |id: &str, text: String| {
        let content = NodeContent { description: Some(node(id, &[])), fields: Some(structure(&json!({"text": text}))) };
        FilterNodesRequest { message: Some(Message::Node(content)) }
    };
    nodes.send(content("large", "030 1234-5678 ".repeat(150_000))).await.unwrap();
    nodes.send(content("small", String::new())).await.unwrap();
    // The small node leaves the channel once flow control has let the large one through.
    drop(nodes.reserve().await.unwrap());

    let mut first = pin!(seen.message());
    for number in 0..CALLS {
        let question = EvaluateNodesRequest {
            user_id: "ann".into(),
            subject: Some(evaluate_nodes_request::Subject::AppId("app".into())),
            nodes: encoded(&[node("n", &[])]),
            consistency: None,
        };
        let answer = server.decisions().evaluate_nodes(question).await.unwrap().into_inner();
        assert_eq!(answer.exposed, [true]);
        let is_pending = poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending())).await;
        assert!(is_pending, "call {number} waited for the redaction");
    }
    assert!(first.await.unwrap().is_some());
}
