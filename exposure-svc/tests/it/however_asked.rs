//! One decision, however it is asked.

use ofself_proto::exposure::{
    EvaluateNodesRequest, GetExposureFilterRequest, NodeDescription, Predicate, ProfileDraft, TagFilters, encoded,
    evaluate_nodes_request, get_exposure_filter_request,
};
use serde_json::json;

use crate::{
    exposure::node,
    filter_nodes::Flow,
    statements::on_both,
    test_server::{TestServer, named, strings},
};

#[tokio::test]
async fn excluded_node_is_hidden_although_picked() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let draft = ProfileDraft {
            allowed_node_ids: strings(&["n1"]),
            tag_filters: Some(TagFilters {
                include_any: strings(&["work"]),
                exclude_any: strings(&["private"]),
                ..TagFilters::default()
            }),
            ..named("Picked")
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let nodes = [
            node("n1", &[("t1", "work"), ("t2", "private")]),
            node("n1", &[("t9", "other")]),
            node("n2", &[("t1", "work")]),
            node("n2", &[("t1", "work"), ("t2", "private")]),
        ];
        let expected = [false, true, true, false];
        // One by one.
        let request = EvaluateNodesRequest {
            user_id: "ann".into(),
            subject: Some(evaluate_nodes_request::Subject::AppId("app".into())),
            nodes: encoded(&nodes),
            consistency: None,
        };
        let exposed = server.decisions().evaluate_nodes(request).await.unwrap().into_inner().exposed;
        assert_eq!(exposed, expected, "{backend}");
        // As a stream.
        let flow = Flow::open(&server, "app").await;
        for description in nodes.clone() {
            flow.send(description, &json!({})).await;
        }
        let seen: Vec<_> = flow.rest().await.into_iter().map(|node| node.description.unwrap()).collect();
        assert_eq!(seen, nodes[1..3], "{backend}");
        // As a filter of a list.
        let request = GetExposureFilterRequest {
            user_id: "ann".into(),
            subject: Some(get_exposure_filter_request::Subject::AppId("app".into())),
            consistency: None,
        };
        let filter = server.decisions().get_exposure_filter(request).await.unwrap().into_inner().filter.unwrap();
        assert_eq!(nodes.each_ref().map(|node| holds(&filter, node)), expected, "{backend}");
    })
    .await;
}

/// A filter as a store would apply it.
fn holds(filter: &Predicate, node: &NodeDescription) -> bool {
    use ofself_proto::exposure::predicate::Predicate as Kind;
    match filter.predicate.as_ref().unwrap() {
        Kind::And(all) => all.predicates.iter().all(|below| holds(below, node)),
        Kind::Or(any) => any.predicates.iter().any(|below| holds(below, node)),
        Kind::Not(below) => !holds(below, node),
        Kind::HasTagId(id) => node.tags.iter().any(|tag| tag.id == *id),
        Kind::HasTagName(name) => node.tags.iter().any(|tag| tag.name == *name),
        Kind::IdIn(ids) => ids.values.contains(&node.id),
        other @ (Kind::HasTag(_)
        | Kind::TypeIn(_)
        | Kind::CreatedBetween(_)
        | Kind::SchemaIn(_)
        | Kind::Everything(_)
        | Kind::Nothing(_)) => panic!("not in this filter: {other:?}"),
    }
}
