//! `StopApps`: the grants of all apps, or of some, end in one change.

use ofself_proto::exposure::{
    EvaluateNodesRequest, ListHistoryRequest, ListProfileEventsRequest, NodeDescription, ProfileEventKind,
    StopAppsRequest, StopAppsResponse, evaluate_nodes_request::Subject,
    exposure_advisor_service_client::ExposureAdvisorServiceClient,
};
use prost::Message;
use prost_types::Timestamp;
use tonic::Status;

use crate::{
    statements::on_both,
    test_server::{START, TestServer, by, named, strings, why},
};

async fn stop(server: &TestServer, user: &str, request: StopAppsRequest) -> Result<StopAppsResponse, Status> {
    let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
    Ok(client.stop_apps(by(user, request)).await?.into_inner())
}

fn of(apps: &[&str]) -> StopAppsRequest {
    StopAppsRequest { apps: strings(apps), ..StopAppsRequest::default() }
}

fn all() -> StopAppsRequest {
    StopAppsRequest { all_apps: true, ..StopAppsRequest::default() }
}

async fn sees(server: &TestServer, user: &str, app: &str) -> bool {
    let node = NodeDescription {
        id: "n".into(),
        node_type: "note".into(),
        created_at: Some(Timestamp { seconds: START, nanos: 0 }),
        ..NodeDescription::default()
    };
    let request = EvaluateNodesRequest {
        user_id: user.into(),
        nodes: vec![node.encode_to_vec().into()],
        subject: Some(Subject::AppId(app.into())),
        consistency: None,
    };
    server.decisions().evaluate_nodes(request).await.unwrap().into_inner().exposed[0]
}

#[tokio::test]
async fn stopped_apps_see_nothing() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("All")).await.unwrap();
        for app in ["a", "b", "c"] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        let of_bob = server.create("bob", named("All")).await.unwrap();
        server.grant("bob", "a", &of_bob.id).await.unwrap();

        let done = stop(&server, "ann", of(&["c", "a", "unknown"])).await.unwrap();
        assert_eq!((done.grants, done.app_ids), (2, strings(&["a", "c"])), "{backend}");
        let from = done.effective_from.unwrap();
        assert_eq!(from.seconds, START + 1, "an open stream reads the grant again after a second");
        assert!(!done.written_at.is_empty());
        for (user, app, expected) in [("ann", "a", false), ("ann", "b", true), ("ann", "c", false), ("bob", "a", true)]
        {
            assert_eq!(sees(&server, user, app).await, expected, "{user} {app}");
        }
        server.at(1);
        assert_eq!(stop(&server, "ann", of(&["a"])).await.unwrap(), StopAppsResponse::default(), "nothing is left");
        // A new grant counts.
        server.grant("ann", "a", &profile.id).await.unwrap();
        assert!(sees(&server, "ann", "a").await);
        server.at(2);
        assert_eq!(stop(&server, "ann", all()).await.unwrap().app_ids, strings(&["a", "b"]));
        assert!(
            !sees(&server, "ann", "a").await && !sees(&server, "ann", "b").await && sees(&server, "bob", "a").await
        );
        assert_eq!(stop(&server, "cyd", all()).await.unwrap(), StopAppsResponse::default());
    })
    .await;
}

#[tokio::test]
async fn stop_is_one_change_with_an_event_for_each_grant() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("All")).await.unwrap();
        for app in ["a", "b"] {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        stop(&server, "ann", all()).await.unwrap();
        let list = ListProfileEventsRequest { user_id: "ann".into(), ..Default::default() };
        // On PostgreSQL an event has a place in the list soon after its change.
        let events = loop {
            let events = server.admin().list_profile_events(list.clone()).await.unwrap().into_inner().events;
            if events.len() == 6 {
                break events;
            }
            tokio::task::yield_now().await;
        };
        let [.., stopped, first, second] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(
            (stopped.kind(), stopped.has_reshares, stopped.app_id.as_str()),
            (ProfileEventKind::Stopped, true, "")
        );
        assert!(stopped.after_row.is_none() && stopped.actor_id == "user:ann", "{backend}");
        for (event, app) in [(first, "a"), (second, "b")] {
            assert_eq!((event.kind(), event.app_id.as_str()), (ProfileEventKind::GrantRevoked, app));
            assert_eq!(event.owner_version, stopped.owner_version);
            assert!(!event.has_reshares);
        }
        let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
        let history = client.list_history(by("ann", ListHistoryRequest::default())).await.unwrap().into_inner();
        let texts: Vec<_> = history.entries.iter().take(3).map(|entry| entry.text.as_str()).collect();
        assert_eq!(texts[2], "You stopped all apps", "{texts:?}");
    })
    .await;
}

#[tokio::test]
async fn pages_list_all_apps_that_a_stop_ended() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("All")).await.unwrap();
        let mut apps: Vec<_> = (0..130).map(|number| format!("app-{number}")).collect();
        for app in &apps {
            server.grant("ann", app, &profile.id).await.unwrap();
        }
        apps.sort();
        server.at(1);
        let first = stop(&server, "ann", all()).await.unwrap();
        assert_eq!((first.grants, first.app_ids.len()), (130, 100), "{backend}");
        let next = StopAppsRequest { page_token: first.next_page_token, ..all() };
        let second = stop(&server, "ann", next).await.unwrap();
        assert!(second.next_page_token.is_empty() && second.effective_from.is_none());
        assert_eq!([first.app_ids, second.app_ids].concat(), apps);
    })
    .await;
}

#[tokio::test]
async fn wrong_stop_names_its_fields() {
    let backend = test_kit::Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let both = StopAppsRequest { all_apps: true, ..of(&["a"]) };
    let forged = StopAppsRequest { page_token: "x".into(), ..all() };
    let many: Vec<_> = (0..1_001).map(|number| format!("a{number}")).collect();
    let many = StopAppsRequest { apps: many, ..StopAppsRequest::default() };
    for (request, fields) in [
        (StopAppsRequest::default(), "apps"),
        (both, "apps"),
        (of(&["a", "b c", ""]), "apps[1] apps[2]"),
        (forged, "page_token"),
        (many, "apps"),
    ] {
        assert_eq!(why(stop(&server, "ann", request).await), fields);
    }
}

#[tokio::test]
async fn apps_without_a_grant_leave_no_event_of_a_stop() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", named("All")).await.unwrap();
        server.grant("ann", "a", &profile.id).await.unwrap();
        let done = stop(&server, "ann", of(&["never-granted", "a", "b"])).await.unwrap();
        assert_eq!((done.grants, done.app_ids.as_slice()), (1, ["a".to_owned()].as_slice()));
        let mut client = ExposureAdvisorServiceClient::new(server.channel.clone());
        let history = client.list_history(by("ann", ListHistoryRequest::default())).await.unwrap().into_inner();
        let stops: Vec<_> = history.entries.iter().filter(|entry| entry.kind() == ProfileEventKind::Stopped).collect();
        let apps: Vec<_> = stops.iter().map(|entry| entry.app_id.as_str()).collect();
        assert_eq!(apps, ["a"], "{backend}");
    })
    .await;
}
