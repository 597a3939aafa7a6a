//! `/access`: who can act on a person's data, as that person sees it.

use ofself_proto::exposure::{AppTier, GrantAppAccessRequest, app_access_service_client::AppAccessServiceClient};
use serde_json::{Value, json};
use test_kit::{Backend, on_both};

use crate::test_server::TestServer;

/// Binds an app to a profile, as the consent flow does.
pub async fn grant(server: &TestServer, user: &str, app: &str, profile: &str) {
    let channel = tonic::transport::Channel::from_shared(server.exposure_url.clone()).unwrap().connect_lazy();
    let request = GrantAppAccessRequest {
        user_id: user.to_owned(),
        app_id: app.to_owned(),
        tier: AppTier::L2.into(),
        profile_id: profile.to_owned(),
        expires_at: None,
    };
    AppAccessServiceClient::new(channel).grant_app_access(request).await.unwrap();
}

pub fn node() -> Value {
    json!({"id": "n1", "tags": [{"id": "t1", "name": "holiday"}], "tag_ids": ["t2"], "node_type": "note",
        "created_at": "2026-01-01T00:00:00Z"})
}

#[tokio::test]
async fn owner_sees_people_and_apps_and_ends_their_access() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share =
            json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": ["t2"], "can_share": true});
        let share = server.made("ann", "/sharing", &share).await;
        let reshare = json!({
            "shared_with_user_id": "cyd", "scope": "specific_tags", "tag_ids": ["t2"], "parent_share_id": share
        });
        server.made("bob", "/sharing", &reshare).await;
        let safe = json!({"name": "Safe", "tag_filters": {"exclude_any": ["holiday"]}});
        let safe = server.made("ann", "/exposure-profiles", &safe).await;
        let open = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
        grant(&server, "ann", "reading-list", &safe).await;

        let people = server.get("ann", "/access/people").await;
        assert_eq!(people.status, 200);
        let people = people.json();
        assert_eq!(people["next_page_token"], Value::Null);
        let [bob, cyd] = people["people"].as_array().unwrap().as_slice() else { panic!("{backend}: {people}") };
        assert_eq!((&bob["user_id"], &bob["actions"]), (&json!("bob"), &json!(["read", "share"])));
        assert_eq!((&bob["shares_total"], &bob["until"]), (&json!(1), &Value::Null));
        let mut shown = bob["shares"][0].clone();
        assert_eq!(shown.as_object_mut().unwrap().remove("through_user_ids"), Some(json!([])));
        assert_eq!(shown, server.get("ann", &format!("/sharing/{share}")).await.json());
        assert_eq!(bob["since"], shown["created_at"]);
        assert_eq!(cyd["shares"][0]["through_user_ids"], json!(["bob"]));
        assert_eq!(cyd["shares"][0]["effective"]["tag_ids"], json!(["t2"]));

        let viewers = server.post("ann", "/access/viewers", &json!({"node": node()})).await;
        assert_eq!(viewers.status, 200);
        let viewers = viewers.json();
        assert_eq!(viewers["people"][0], json!({"user_id": "bob", "actions": ["read", "share"], "share_ids": [share]}));
        assert_eq!(viewers["people"].as_array().unwrap().len(), 2);
        let app = &viewers["apps"][0];
        assert_eq!((&app["app_id"], &app["visible"]), (&json!("reading-list"), &json!(false)));
        assert!(app["reason"].as_str().unwrap().contains("holiday"), "{app}");

        let apps = server.get("ann", "/access/apps").await.json();
        let profile = json!({"id": safe, "name": "Safe", "is_active": true});
        let listed = &apps["apps"][0];
        assert_eq!(
            (&listed["app_id"], &listed["tier"], &listed["profile"]),
            (&json!("reading-list"), &json!("L2"), &profile)
        );
        assert_eq!((&listed["expires_at"], listed["granted_at"].is_string()), (&Value::Null, true));
        let bound = server.put("ann", "/access/apps/reading-list", &json!({"profile_id": open})).await;
        assert_eq!((bound.status.as_u16(), &bound.json()["profile"]["name"]), (200, &json!("Open")));
        assert!(!bound.header("x-consistency-token").is_empty());
        let viewers = server.post("ann", "/access/viewers", &json!({"node": node()})).await.json();
        assert_eq!(viewers["apps"][0]["visible"], true);
        for _ in 0..2 {
            assert_eq!(server.delete("ann", "/access/apps/reading-list").await.status, 204);
        }
        assert_eq!(server.get("ann", "/access/apps").await.json()["apps"], json!([]));

        let owners = server.get("cyd", "/access/owners").await.json();
        assert_eq!(
            (&owners["owners"][0]["owner_id"], &owners["owners"][0]["actions"]),
            (&json!("ann"), &json!(["read"]))
        );
        for _ in 0..2 {
            let left = server.delete("bob", &format!("/access/incoming/{share}")).await;
            assert_eq!(left.status, 204);
            assert!(!left.header("x-consistency-token").is_empty());
        }
        assert_eq!(server.get("cyd", "/access/owners").await.json()["owners"], json!([]));
        assert_eq!(server.get("ann", "/access/people").await.json()["people"], json!([]));
        assert_eq!(server.get("ann", &format!("/sharing/{share}")).await.json()["status"], "revoked");
    })
    .await;
}

#[tokio::test]
async fn pages_of_viewers_cover_people_and_apps_once() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for number in 0..5 {
        server.made("ann", "/sharing", &json!({"shared_with_user_id": format!("p{number}"), "scope": "all"})).await;
    }
    let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
    for app in ["a0", "a1"] {
        grant(&server, "ann", app, &profile).await;
    }
    let described = json!({"node": node()});
    for (body, apps_expected) in [(described, vec!["a0", "a1"]), (json!({"node": {"id": "n1"}}), vec![])] {
        for limit in [1, 2, 3, 100] {
            let (mut people, mut apps, mut token) = (Vec::new(), Vec::new(), String::new());
            loop {
                let path = format!("/access/viewers?limit={limit}&page_token={token}");
                let page = server.post("ann", &path, &body).await.json();
                let names = |list: &Value, name: &str| -> Vec<String> {
                    list.as_array().into_iter().flatten().map(|row| row[name].as_str().unwrap().to_owned()).collect()
                };
                people.extend(names(&page["people"], "user_id"));
                assert_eq!(page["apps"].is_null(), apps_expected.is_empty(), "not described: {page}");
                apps.extend(names(&page["apps"], "app_id"));
                match page["next_page_token"].as_str() {
                    Some(next) => next.clone_into(&mut token),
                    None => break,
                }
            }
            assert_eq!(
                (people, apps),
                (
                    vec!["p0".into(), "p1".into(), "p2".into(), "p3".into(), "p4".into()],
                    apps_expected.iter().map(ToString::to_string).collect()
                ),
                "{limit}"
            );
        }
    }
    // Apps that are not asked about at first begin when they are.
    let first = server.post("ann", "/access/viewers?limit=1", &json!({"node": {"id": "n1"}})).await.json();
    let path = format!("/access/viewers?page_token={}", first["next_page_token"].as_str().unwrap());
    let second = server.post("ann", &path, &json!({"node": node()})).await.json();
    assert_eq!((&first["apps"], second["apps"].as_array().map(Vec::len)), (&Value::Null, Some(2)));
    for list in ["people", "owners", "apps"] {
        let first = server.get("ann", &format!("/access/{list}?limit=1")).await.json();
        let Some(token) = first["next_page_token"].as_str() else { continue };
        let second = server.get("ann", &format!("/access/{list}?limit=1&page_token={token}")).await.json();
        assert_ne!(first[list], second[list], "{list}");
    }
}

#[tokio::test]
async fn node_is_viewed_as_a_person_an_app_and_both() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server
            .made(
                "ann",
                "/sharing",
                &json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": ["t1"]}),
            )
            .await;
        let profile =
            json!({"name": "Safe", "transformations": ["redact_pii"], "tag_filters": {"exclude_any": ["private"]}});
        let profile = server.made("ann", "/exposure-profiles", &profile).await;
        grant(&server, "ann", "reader", &profile).await;
        let content = |id: &str, tags: Value| {
            json!({
                "description": {"id": id, "tags": tags, "node_type": "note", "created_at": "2026-01-01T00:00:00Z"},
                "fields": {"title": "Mail bob@example.org", "n": 1.5, "list": [null, true]},
            })
        };
        let nodes = json!([
            content("n1", json!([{"id": "t1", "name": "work"}])),
            content("n2", json!([{"id": "t1", "name": "work"}, {"id": "t2", "name": "private"}])),
            content("n3", json!([])),
        ]);
        let view = async |who: Value| {
            let mut body = json!({"nodes": nodes});
            body.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
            let answer = server.post("ann", "/access/view-as", &body).await;
            assert_eq!(answer.status, 200, "{}", answer.json());
            answer.json()["nodes"].as_array().unwrap().clone()
        };
        let visible =
            |nodes: &[Value]| -> Vec<bool> { nodes.iter().map(|node| node["visible"].as_bool().unwrap()).collect() };
        let as_bob = view(json!({"person": "bob"})).await;
        assert_eq!(visible(&as_bob), [true, true, false], "{backend}");
        assert_eq!(as_bob[0]["view"]["fields"], nodes[0]["fields"], "what a person sees is not transformed");
        assert_eq!(
            as_bob[0]["view"]["description"],
            json!({"id": "n1", "node_type": "note", "schema_id": null,
            "tags": [{"id": "t1", "name": "work"}], "created_at": "2026-01-01T00:00:00Z"})
        );
        assert_eq!((&as_bob[2]["view"], &as_bob[2]["id"]), (&Value::Null, &json!("n3")));
        let as_app = view(json!({"app": "reader"})).await;
        assert_eq!(visible(&as_app), [true, false, true]);
        let title = as_app[0]["view"]["fields"]["title"].as_str().unwrap();
        assert!(title.starts_with("Mail ") && !title.contains("bob@example.org"), "{title}");
        let as_both = view(json!({"person": "bob", "app": "reader"})).await;
        assert_eq!(visible(&as_both), [true, false, false]);
        assert_eq!(as_both[0]["view"], as_app[0]["view"], "Bob sees what the app sees");
        let both = format!("{}; {}", as_bob[1]["reason"].as_str().unwrap(), as_app[1]["reason"].as_str().unwrap());
        assert_eq!(as_both[1]["reason"], json!(both));
        assert_eq!(visible(&view(json!({"person": "ann"})).await), [true; 3], "one's own");
        assert_eq!(visible(&view(json!({"app": "other"})).await), [false; 3]);

        let described = json!({"person": "bob", "nodes": [{"description": {"id": "n1", "tag_ids": ["t1"]}}]});
        let seen = server.post("ann", "/access/view-as", &described).await.json();
        assert_eq!(seen["nodes"][0]["visible"], true, "a person needs no type and time");
        assert_eq!(seen["nodes"][0]["view"]["fields"], json!({}));
        for (body, fields) in [
            (json!({}), vec!["nodes", "person"]),
            (json!({"person": "bob", "nodes": []}), vec!["nodes"]),
            (
                json!({"person": "b b", "nodes": [{"description": {"id": ""}}]}),
                vec!["nodes[0].description.id", "person"],
            ),
            (
                json!({"app": "reader", "nodes": [{"description": {"id": "n", "tag_ids": ["a b"]}, "fields": 1}]}),
                vec![
                    "nodes[0].description.created_at",
                    "nodes[0].description.node_type",
                    "nodes[0].description.tag_ids[0]",
                    "nodes[0].fields",
                ],
            ),
            (
                json!({"app": "", "nodes": [{"fields": {}}, {"description": {"id": "n"}, "x": 1}]}),
                vec![
                    "app",
                    "nodes[0].description",
                    "nodes[1].description.created_at",
                    "nodes[1].description.node_type",
                    "nodes[1].x",
                ],
            ),
        ] {
            let refused = server.post("ann", "/access/view-as", &body).await;
            assert_eq!(refused.status, 400);
            assert_eq!(refused.wrong_fields(), fields.iter().map(ToString::to_string).collect::<Vec<_>>(), "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn view_as_takes_8_mib_and_other_routes_256_kib() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let body = |bytes: usize| json!({"person": "ann", "nodes": [{"description": {"id": "n1"}, "fields": {"text": "x".repeat(bytes)}}]});
    let large = server.post("ann", "/access/view-as", &body(7 * 1024 * 1024)).await;
    assert_eq!(
        (large.status.as_u16(), large.json()["nodes"][0]["view"]["fields"]["text"].as_str().map(str::len)),
        (200, Some(7 * 1024 * 1024))
    );
    let many = json!({"person": "ann", "nodes": [{"description": {"id": "n1"}, "fields": {"list": vec![0; 100_001]}}]});
    assert_eq!(server.post("ann", "/access/view-as", &many).await.code(), "PAYLOAD_TOO_LARGE");
    let nested = |depth: usize, open: &str, close: &str| {
        let fields = format!(r#"{{"a":{}1{}}}"#, open.repeat(depth - 1), close.repeat(depth - 1));
        format!(
            r#"{{"app":"reader","nodes":[{{"description":{{"id":"n1","node_type":"t","created_at":"2026-01-01T00:00:00Z"}},"fields":{fields}}}]}}"#
        )
    };
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = server.ask("ann", http::Method::POST, "/access/view-as", &nested(30, open, close)).await;
        assert_eq!(deep.status, 200, "{}", deep.json());
        let too_deep = server.ask("ann", http::Method::POST, "/access/view-as", &nested(31, open, close)).await;
        assert_eq!((too_deep.status.as_u16(), too_deep.wrong_fields()), (400, vec!["nodes[0].fields".to_owned()]));
    }
    let too_large = server.post("ann", "/access/view-as", &body(8 * 1024 * 1024)).await;
    assert_eq!(too_large.code(), "PAYLOAD_TOO_LARGE");
    assert_eq!(server.post("ann", "/access/viewers", &body(256 * 1024)).await.code(), "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn history_has_the_changes_of_both_services_once() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let mut expected = Vec::new();
        for number in 0..3 {
            let share = json!({"shared_with_user_id": format!("p{number}"), "scope": "all"});
            server.made("ann", "/sharing", &share).await;
            expected.push(format!("You shared everything with `p{number}`: read"));
            let profile = server.made("ann", "/exposure-profiles", &json!({"name": format!("Profile {number}")})).await;
            expected.push(format!("You created the profile `Profile {number}`"));
            if number == 2 {
                server.delete("ann", &format!("/exposure-profiles/{profile}")).await;
                expected.push("You deleted the profile `Profile 2`".to_owned());
            }
        }
        server.made("bob", "/sharing", &json!({"shared_with_user_id": "ann", "scope": "all"})).await;
        expected.reverse();
        for limit in [1, 2, 3, 7, 100] {
            let (mut events, mut token) = (Vec::new(), String::new());
            loop {
                let path = format!("/access/history?limit={limit}&page_token={token}");
                let page = server.get("ann", &path).await.json();
                events.extend(page["events"].as_array().unwrap().clone());
                match page["next_page_token"].as_str() {
                    Some(next) => next.clone_into(&mut token),
                    None => break,
                }
            }
            let texts: Vec<_> = events.iter().map(|event| event["text"].as_str().unwrap()).collect();
            assert_eq!(texts, expected, "{backend}: {limit}");
            let [deleted, _, share, ..] = events.as_slice() else { panic!("{events:?}") };
            assert_eq!((&deleted["kind"], &deleted["share_id"]), (&json!("deleted"), &Value::Null));
            assert!(deleted["profile_id"].is_string() && deleted["occurred_at"].is_string());
            assert_eq!((&share["kind"], &share["person_id"]), (&json!("created"), &json!("p2")));
            assert_eq!(share["actor_id"], "user:ann");
        }
        let refused = server.get("ann", "/access/history?page_token=x").await;
        assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec!["page_token".to_owned()]));
        let refused = server.get("ann", "/access/history?page_token=n1~x~-").await;
        assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec!["page_token".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn wrong_requests_name_their_fields() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for list in ["people", "owners", "apps"] {
        for (query, field) in [("limit=0", "limit"), ("page_token=x", "page_token"), ("offset=1", "offset")] {
            let refused = server.get("ann", &format!("/access/{list}?{query}")).await;
            assert_eq!(
                (refused.status.as_u16(), refused.wrong_fields()),
                (400, vec![field.to_owned()]),
                "{list} {query}"
            );
        }
    }
    let ids = |prefix: &str, count: usize| -> Vec<String> { (0..count).map(|id| format!("{prefix}{id}")).collect() };
    let named = |prefix: &str, count: usize| -> Vec<Value> {
        ids(prefix, count).into_iter().map(|id| json!({"id": id, "name": "x"})).collect()
    };
    let twice = json!({"node": {"id": "n", "tag_ids": ids("a", 600), "tags": named("a", 600)}});
    assert_eq!(server.post("ann", "/access/viewers", &twice).await.status, 200, "each tag counts once");
    for (body, fields) in [
        (json!({}), vec!["node"]),
        (json!({"node": null, "nodes": 1}), vec!["node", "nodes"]),
        (json!({"node": {"id": ""}}), vec!["node.id"]),
        (json!({"node": {"id": "a b", "node_type": "note"}}), vec!["node.created_at", "node.id"]),
        (json!({"node": {"id": "n", "schema_id": "s"}}), vec!["node.schema_id"]),
        (json!({"node": {"id": "n", "tag_ids": ids("a", 600), "tags": named("b", 600)}}), vec!["node.tags"]),
        (
            json!({"node": {"id": "n", "tag_ids": ["a b"], "node_type": "t", "created_at": "2026-01-01T00:00:00Z"}}),
            vec!["node.tag_ids[0]"],
        ),
        (
            json!({"node": {"id": 1, "tag_ids": ["a b", 2], "tags": "x", "created_at": "x"}}),
            vec!["node.created_at", "node.id", "node.tag_ids[0]", "node.tag_ids[1]", "node.tags"],
        ),
        (
            json!({"node": {"id": "n", "tags": [{"name": "x"}], "node_type": "t", "created_at": "2026-01-01T00:00:00Z"}}),
            vec!["node.tags[0].id"],
        ),
    ] {
        let refused = server.post("ann", "/access/viewers", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.wrong_fields()),
            (400, fields.iter().map(ToString::to_string).collect()),
            "{body}"
        );
    }
    let refused = server.post("ann", "/access/viewers?page_token=x", &json!({"node": {"id": "n"}})).await;
    assert_eq!(refused.wrong_fields(), ["page_token"]);
    for (body, fields) in [(json!({}), ["profile_id"]), (json!({"profile_id": 1}), ["profile_id"])] {
        let refused = server.put("ann", "/access/apps/app", &body).await;
        assert_eq!(
            (refused.status.as_u16(), refused.wrong_fields()),
            (400, fields.map(str::to_owned).to_vec()),
            "{body}"
        );
    }
    let unknown = json!({"profile_id": "0198c0de-0000-7000-8000-000000000002"});
    for app in ["app", "a%20b", "%ff"] {
        let path = format!("/access/apps/{app}");
        assert_eq!(server.put("ann", &path, &unknown).await.code(), "APP_ACCESS_NOT_FOUND", "{app}");
        assert_eq!(server.delete("ann", &path).await.code(), "APP_ACCESS_NOT_FOUND", "{app}");
    }
    for share in ["x", "0198c0de-0000-7000-8000-000000000001", "%ff"] {
        assert_eq!(server.delete("ann", &format!("/access/incoming/{share}")).await.code(), "SHARE_NOT_FOUND");
    }
}
