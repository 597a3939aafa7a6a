//! `ExposureAdvisorService`: the apps that a person connected, for that person.

use exposure_svc::operations::NO_GRANT;
use ofself_proto::exposure::{
    DetailLevel, DisconnectAppRequest, ExplainExposureRequest, ListConnectedAppsRequest, ListHistoryRequest,
    ListNodeAppsRequest, NodeApp, NodeContent, NodeDescription, ProfileDraft, RebindAppRequest, RevokeAppAccessRequest,
    Tag, TagFilters, ViewNodesRequest, explain_exposure_request::Subject,
    exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use prost_types::Timestamp;
use serde_json::json;
use tonic::transport::Channel;

use crate::filter_nodes::{Flow, structure};
use crate::statements::on_both;
use crate::test_server::{START, TestServer, by, named, strings, why};

fn advisor(server: &TestServer) -> ExposureAdvisorServiceClient<Channel> {
    ExposureAdvisorServiceClient::new(server.channel.clone())
}

/// The connected apps, each with the name of its profile.
async fn connected(server: &TestServer, user: &str, page_size: i32) -> Vec<(String, String)> {
    let mut request = ListConnectedAppsRequest { page_size, ..ListConnectedAppsRequest::default() };
    let mut apps = Vec::new();
    loop {
        let page = advisor(server).list_connected_apps(by(user, request.clone())).await.unwrap().into_inner();
        apps.extend(page.apps.into_iter().map(|app| (app.access.unwrap().app_id, app.profile_name)));
        if page.next_page_token.is_empty() {
            return apps;
        }
        request.page_token = page.next_page_token;
    }
}

fn node(tags: &[(&str, &str)]) -> NodeDescription {
    let tag = |(id, name): &(&str, &str)| Tag { id: (*id).into(), name: (*name).into() };
    NodeDescription {
        id: "n1".into(),
        node_type: "note".into(),
        tags: tags.iter().map(tag).collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: START, nanos: 0 }),
    }
}

async fn decisions(server: &TestServer, user: &str, node: NodeDescription) -> Vec<NodeApp> {
    let request = ListNodeAppsRequest { node: Some(node), ..ListNodeAppsRequest::default() };
    let answer = advisor(server).list_node_apps(by(user, request)).await.unwrap().into_inner();
    assert!(!answer.checked_at.is_empty());
    answer.apps
}

fn excluding(name: &str, tag: &str) -> ProfileDraft {
    let tag_filters = TagFilters { exclude_any: vec![tag.into()], ..TagFilters::default() };
    ProfileDraft { tag_filters: Some(tag_filters), ..named(name) }
}

#[tokio::test]
async fn only_active_grants_of_the_person_are_listed() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let books = server.create("ann", named("Books")).await.unwrap();
        let work = server.create("ann", named("Work")).await.unwrap();
        for (app, profile) in [("z", &books), ("B", &work), ("a.b", &books), ("gone", &work)] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        let of_bob = server.create("bob", named("Bob's")).await.unwrap();
        server.grant("bob", "z", &of_bob.id).await.unwrap();
        let gone = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "gone".into() };
        server.access().revoke_app_access(gone).await.unwrap();
        let pair = |app: &str, profile: &str| (app.to_owned(), profile.to_owned());
        let expected = [pair("B", "Work"), pair("a.b", "Books"), pair("z", "Books")];
        for size in [0, 1, 2, 3, 100] {
            assert_eq!(connected(&server, "ann", size).await, expected, "{backend}: {size}");
        }
        assert_eq!(connected(&server, "bob", 0).await, [pair("z", "Bob's")]);
        assert_eq!(connected(&server, "cyd", 0).await, []);
        let wrong = ListConnectedAppsRequest { page_size: -1, page_token: "x".into() };
        assert_eq!(why(advisor(&server).list_connected_apps(by("ann", wrong)).await), "page_size page_token");
    })
    .await;
}

#[tokio::test]
async fn each_app_has_the_decision_and_reason_of_explain() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.learn("ann", &[("t1", "private")]).await;
        for (app, draft) in [("open", named("Open")), ("safe", excluding("Safe", "private"))] {
            let profile = server.create("ann", draft).await.unwrap();
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        // The directory knows the name of a tag that comes without one.
        let cases = [
            (&[("t1", "")][..], &[("t1", "private")][..], [true, false]),
            (&[("t2", "")], &[("t2", "")], [true, true]),
            (&[], &[], [true, true]),
        ];
        for (tags, known, expected) in cases {
            let apps = decisions(&server, "ann", node(tags)).await;
            assert_eq!(apps.iter().map(|app| app.exposed).collect::<Vec<_>>(), expected, "{backend}: {tags:?}");
            for app in apps {
                let request = ExplainExposureRequest {
                    user_id: "ann".into(),
                    node: Some(node(known)),
                    subject: Some(Subject::AppId(app.app_id.clone())),
                    consistency: None,
                };
                let explained = server.decisions().explain_exposure(request).await.unwrap().into_inner();
                assert_eq!((app.exposed, &app.reason), (explained.exposed, &explained.reason), "{}", app.app_id);
            }
        }
        assert!(decisions(&server, "bob", node(&[])).await.is_empty());

        let nameless = node(&[("", "private")]);
        let wrong = ListNodeAppsRequest { node: Some(nameless), page_size: -1, page_token: "x".into() };
        assert_eq!(why(advisor(&server).list_node_apps(by("ann", wrong)).await), "node.tags page_size page_token");
        assert_eq!(why(advisor(&server).list_node_apps(by("ann", ListNodeAppsRequest::default())).await), "node");
    })
    .await;
}

#[tokio::test]
async fn name_of_a_tag_in_the_directory_decides() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        // The profile has the name; the directory learns it later.
        let profile = server.create("ann", excluding("Safe", "private")).await.unwrap();
        server.grant("ann", "safe", &profile.id).await.unwrap();
        assert!(decisions(&server, "ann", node(&[("t1", "")])).await[0].exposed, "{backend}");
        server.learn("ann", &[("t1", "private")]).await;
        assert!(!decisions(&server, "ann", node(&[("t1", "")])).await[0].exposed);
    })
    .await;
}

#[tokio::test]
async fn person_rebinds_and_disconnects_an_app() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let one = server.create("ann", named("One")).await.unwrap();
        let two = server.create("ann", named("Two")).await.unwrap();
        let of_bob = server.create("bob", named("Bob's")).await.unwrap();
        server.grant("ann", "app", &one.id).await.unwrap();
        let rebind = async |user: &str, app: &str, profile: &str| {
            let request = RebindAppRequest { app_id: app.into(), profile_id: profile.into(), ..Default::default() };
            advisor(&server).rebind_app(by(user, request)).await
        };
        let bound = rebind("ann", "app", &two.id).await.unwrap().into_inner();
        assert!(!bound.written_at.is_empty());
        let bound = bound.app.unwrap();
        assert_eq!(
            (bound.profile_name.as_str(), bound.access.unwrap().profile_id),
            ("Two", two.id.clone()),
            "{backend}"
        );
        let events = async || {
            let request = by("ann", ListHistoryRequest::default());
            advisor(&server).list_history(request).await.unwrap().into_inner().entries.len()
        };
        let before = events().await;
        let again = rebind("ann", "app", &two.id).await.unwrap().into_inner().app.unwrap();
        assert_eq!((again.profile_name.as_str(), again.access.unwrap().version), ("Two", 2));
        assert_eq!(events().await, before, "an unchanged grant is no event");
        assert_eq!(why(rebind("ann", "app", &of_bob.id).await), "PROFILE_NOT_FOUND");
        assert_eq!(why(rebind("ann", "app", "no-uuid").await), "PROFILE_NOT_FOUND");
        assert_eq!(why(rebind("ann", "app", "").await), "profile_id");
        assert_eq!(why(rebind("ann", "other", &one.id).await), "APP_ACCESS_NOT_FOUND");
        assert_eq!(why(rebind("bob", "app", &of_bob.id).await), "APP_ACCESS_NOT_FOUND");

        let disconnect = async |user: &str, app: &str| {
            advisor(&server).disconnect_app(by(user, DisconnectAppRequest { app_id: app.into() })).await
        };
        assert_eq!(why(disconnect("bob", "app").await), "APP_ACCESS_NOT_FOUND");
        assert!(!disconnect("ann", "app").await.unwrap().into_inner().written_at.is_empty());
        disconnect("ann", "app").await.unwrap();
        assert!(connected(&server, "ann", 0).await.is_empty());
        assert_eq!(why(rebind("ann", "app", &one.id).await), "APP_ACCESS_NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn viewed_nodes_are_those_of_the_stream() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let draft = ProfileDraft {
            transformations: strings(&["redact_pii", "strip_metadata"]),
            max_detail_level: DetailLevel::Summary.into(),
            ..excluding("Safe", "private")
        };
        let profile = server.create("ann", draft).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        server.learn("ann", &[("t9", "private")]).await;
        let fields =
            json!({"title": "Mail bob@example.org", "content": "long", "importance_score": 0.5, "meta": {"a": 1}});
        let described = |id: &str, tags: &[(&str, &str)]| NodeDescription { id: id.into(), ..node(tags) };
        let nodes = [
            described("n1", &[("t1", "work")]),
            described("n2", &[("t9", "private")]),
            described("n3", &[("t9", "")]),
            described("n4", &[]),
        ];
        let contents: Vec<_> = nodes
            .iter()
            .map(|node| NodeContent { description: Some(node.clone()), fields: Some(structure(&fields)) })
            .collect();
        let request = |app: &str| ViewNodesRequest { app_id: app.into(), nodes: contents.clone() };
        let viewed = advisor(&server).view_nodes(by("ann", request("app"))).await.unwrap().into_inner();
        assert!(!viewed.checked_at.is_empty());
        let exposed: Vec<_> = viewed.nodes.iter().map(|node| (node.exposed, node.view.is_some())).collect();
        assert_eq!(exposed, [(true, true), (false, false), (false, false), (true, true)], "{backend}");
        assert_eq!(viewed.nodes[1].reason, "hidden; it would be exposed but for tag_filters.exclude_any: `private`");
        let flow = Flow::open(&server, "app").await;
        for node in &nodes {
            flow.send(node.clone(), &fields).await;
        }
        let views: Vec<_> = viewed.nodes.into_iter().filter_map(|node| node.view).collect();
        assert_eq!(views, flow.rest().await);

        for app in ["other", "app"] {
            let user = if app == "app" { "bob" } else { "ann" };
            let hidden = advisor(&server).view_nodes(by(user, request(app))).await.unwrap().into_inner();
            let grants = hidden.nodes.iter().map(|node| (node.exposed, node.view.is_some(), node.reason.as_str()));
            assert!(grants.eq([(false, false, NO_GRANT); 4]), "{user} {app}: {hidden:?}");
        }
        let nameless = NodeContent { description: Some(node(&[("", "x")])), fields: None };
        let wrong = ViewNodesRequest { app_id: String::new(), nodes: vec![nameless, NodeContent::default()] };
        let fields = why(advisor(&server).view_nodes(by("ann", wrong)).await);
        assert_eq!(fields, "app_id nodes[0].description.tags nodes[1].description");
        for count in [0, 1_001] {
            let wrong = ViewNodesRequest { app_id: "app".into(), nodes: vec![contents[0].clone(); count] };
            assert_eq!(why(advisor(&server).view_nodes(by("ann", wrong)).await), "nodes");
        }
    })
    .await;
}
