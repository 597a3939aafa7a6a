//! What apps asked and saw.

use ofself_proto::exposure::{
    CheckWriteRequest, ConnectedApp, EvaluateNodesRequest, GetExposureFilterRequest, ListConnectedAppsRequest,
    NodeDescription, ProfileDraft, TagFilters, WriteVerb, evaluate_nodes_request,
    exposure_advisor_service_client::ExposureAdvisorServiceClient, get_exposure_filter_request,
};
use persistence::usage_days::UsageDay;
use prost::Message;
use prost_types::Timestamp;
use serde_json::json;

use crate::{
    filter_nodes::Flow,
    statements::on_both,
    test_server::{START, TestServer, by, named, store, strings},
};

const DAY: i64 = 24 * 3_600;

fn node(id: &str, tags: &[&str]) -> NodeDescription {
    NodeDescription {
        id: id.into(),
        node_type: "note".into(),
        tags: tags.iter().map(|tag| ofself_proto::exposure::Tag { id: (*tag).into(), name: String::new() }).collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: START, nanos: 0 }),
    }
}

async fn apps(server: &TestServer) -> Vec<ConnectedApp> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    client.list_connected_apps(by("ann", ListConnectedAppsRequest::default())).await.unwrap().into_inner().apps
}

fn uses(apps: &[ConnectedApp]) -> Vec<(&str, Option<i64>, i64, i64)> {
    let of = |app: &ConnectedApp| app.last_asked_at.map(|at| at.seconds - START);
    apps.iter()
        .map(|app| (app.access.as_ref().unwrap().app_id.as_str(), of(app), app.asked_30d, app.shown_30d))
        .collect()
}

#[tokio::test]
async fn every_question_of_an_app_is_counted() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let tag_filters = TagFilters { exclude_any: strings(&["private"]), ..TagFilters::default() };
        let draft = ProfileDraft { tag_filters: Some(tag_filters), ..named("Safe") };
        let profile = server.create("ann", draft).await.unwrap();
        for app in ["evaluate", "filter", "none", "query", "write"] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        server.at(1);
        for app in ["evaluate", "stranger"] {
            let nodes = [node("a", &[]), node("b", &["private"]), node("c", &["work"])];
            let request = EvaluateNodesRequest {
                user_id: "ann".into(),
                nodes: nodes.iter().map(|node| node.encode_to_vec().into()).collect(),
                subject: Some(evaluate_nodes_request::Subject::AppId(app.into())),
                consistency: None,
            };
            server.decisions().evaluate_nodes(request).await.unwrap();
        }
        server.at(2);
        let request = GetExposureFilterRequest {
            user_id: "ann".into(),
            subject: Some(get_exposure_filter_request::Subject::AppId("query".into())),
            consistency: None,
        };
        server.decisions().get_exposure_filter(request).await.unwrap();
        server.at(3);
        let request = CheckWriteRequest {
            user_id: "ann".into(),
            app_id: "write".into(),
            verb: WriteVerb::Create.into(),
            before: None,
            after: Some(node("a", &[])),
            consistency: None,
        };
        server.decisions().check_write(request).await.unwrap();
        server.at(4);
        let flow = Flow::open(&server, "filter").await;
        flow.send(node("a", &[]), &json!({})).await;
        flow.send(node("b", &["private"]), &json!({})).await;
        assert_eq!(flow.rest().await.len(), 1);
        assert!(uses(&apps(&server).await).iter().all(|(_, at, ..)| at.is_none()), "{backend}: not with the decision");
        server.stop().await;
        let server = TestServer::start(&backend).await;
        let expected = [
            ("evaluate", Some(1), 3, 2),
            ("filter", Some(4), 2, 1),
            ("none", None, 0, 0),
            ("query", Some(2), 0, 0),
            ("write", Some(3), 0, 0),
        ];
        assert_eq!(uses(&apps(&server).await), expected, "{backend}");
        server.at(30 * DAY);
        let later = apps(&server).await;
        assert_eq!(uses(&later)[0], ("evaluate", Some(1), 0, 0), "{backend}: the counts are of 30 days");
        let rows = store(&backend).await.database().usage_of("ann", ("", i64::MIN)).await.unwrap();
        assert!(rows.iter().all(|row| row.other != "stranger"), "an app without a grant is not counted");
        assert_eq!(rows[0].day, UsageDay::day_of(rows[0].last_at));
    })
    .await;
}
