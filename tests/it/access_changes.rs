//! `/access`: what a person ends, blocks, previews, exports and erases.

use http::Method;
use serde_json::{Value, json};
use test_kit::{Backend, on_both};

use crate::{
    access::{grant, node},
    test_server::TestServer,
};

/// Headers of a request whose body is not read.
const NO_JSON: &[(&str, &str)] = &[("content-type", "text/plain")];

#[tokio::test]
async fn stop_ends_people_and_apps_at_once() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let share = json!({"shared_with_user_id": "bob", "scope": "all", "can_share": true});
        let share = server.made("ann", "/sharing", &share).await;
        let reshare = json!({"shared_with_user_id": "cyd", "scope": "all", "parent_share_id": share});
        server.made("bob", "/sharing", &reshare).await;
        let other = server.made("ann", "/sharing", &json!({"shared_with_user_id": "dan", "scope": "all"})).await;
        let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
        for app in ["one", "two"] {
            grant(&server, "ann", app, &profile).await;
        }
        let stopped = server.post("ann", "/access/stop", &json!({"people": ["bob"], "apps": ["two"]})).await;
        assert_eq!(stopped.status, 200, "{backend}");
        assert_eq!(stopped.header("x-consistency-token").split(',').count(), 2, "one of each service");
        let body = stopped.json();
        assert_eq!((&body["ended"], &body["next_page_token"]), (&json!({"shares": 1, "apps": 1}), &Value::Null));
        assert_eq!((&body["share_ids"], &body["app_ids"]), (&json!([share]), &json!(["two"])));
        assert!(body["effective_from"].is_string());
        assert_eq!(server.get("cyd", "/access/owners").await.json()["owners"], json!([]));
        assert_eq!(server.get("ann", "/access/people").await.json()["people"][0]["user_id"], "dan");
        assert_eq!(server.get("ann", "/access/apps").await.json()["apps"][0]["app_id"], "one");
        let again = server.post("ann", "/access/stop", &json!({"apps": ["two"]})).await.json();
        assert_eq!((&again["ended"], &again["effective_from"]), (&json!({"shares": 0, "apps": 0}), &Value::Null));
        let all = server.post("ann", "/access/stop", &json!({"people": "all", "apps": "all"})).await.json();
        assert_eq!((&all["share_ids"], &all["app_ids"]), (&json!([other]), &json!(["one"])));
        for list in ["people", "apps"] {
            assert_eq!(server.get("ann", &format!("/access/{list}")).await.json()[list], json!([]), "{list}");
        }
        for (body, fields) in [
            (json!({}), vec!["people"]),
            (json!({"people": "some"}), vec!["people"]),
            (json!({"people": [7]}), vec!["people"]),
            (json!({"people": []}), vec!["people"]),
            (json!({"people": ["a b"], "apps": ["", "ok"]}), vec!["apps[0]", "people[0]"]),
            (json!({"people": "all", "apps": ["a b"]}), vec!["apps[0]"]),
            (json!({"apps": "all", "page_token": "x"}), vec!["page_token"]),
            (json!({"apps": "all", "page_token": "n1~-~x"}), vec!["page_token"]),
        ] {
            let refused = server.post("ann", "/access/stop", &body).await;
            let fields: Vec<_> = fields.into_iter().map(str::to_owned).collect();
            assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, fields), "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_stop_list_all_that_ended() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let mut shares = Vec::new();
    for number in 0..120 {
        let share = json!({"shared_with_user_id": format!("p{number}"), "scope": "all"});
        shares.push(server.made("ann", "/sharing", &share).await);
    }
    let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
    grant(&server, "ann", "app", &profile).await;
    let mut body = json!({"people": "all", "apps": "all"});
    let mut page = server.post("ann", "/access/stop", &body).await.json();
    assert_eq!((&page["ended"], &page["app_ids"]), (&json!({"shares": 120, "apps": 1}), &json!(["app"])));
    let mut listed = page["share_ids"].as_array().unwrap().clone();
    while let Some(token) = page["next_page_token"].as_str() {
        body["page_token"] = json!(token);
        page = server.post("ann", "/access/stop", &body).await.json();
        assert_eq!((&page["effective_from"], &page["app_ids"]), (&Value::Null, &json!([])), "a page stops nothing");
        listed.extend(page["share_ids"].as_array().unwrap().clone());
    }
    shares.sort();
    assert_eq!(listed, shares);
}

#[tokio::test]
async fn person_blocks_another_and_is_not_seen_to() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
        let before = server.get("ann", "/access/people").await.json();
        for _ in 0..2 {
            let blocked = server.ask_with("bob", Method::PUT, "/access/blocked/ann", NO_JSON, "x").await;
            assert_eq!(blocked.status, 204, "{backend}");
            assert_eq!(blocked.header("x-consistency-token"), "", "it would tell of Ann's data");
        }
        assert_eq!(server.get("bob", "/access/owners").await.json()["owners"], json!([]));
        assert_eq!(server.get("bob", "/sharing/incoming").await.json()["shares"], json!([]));
        assert_eq!(server.get("ann", "/access/people").await.json(), before);
        let listed = server.get("bob", "/access/blocked").await.json();
        assert_eq!(listed, json!({"blocked": ["ann"], "next_page_token": null}));
        let texts = server.get("ann", "/access/history").await.json()["events"].as_array().unwrap().len();
        assert_eq!(texts, 1, "the share, and nothing of the block");
        for _ in 0..2 {
            assert_eq!(server.delete("bob", "/access/blocked/ann").await.status, 204);
        }
        assert_eq!(server.get("bob", "/access/owners").await.json()["owners"][0]["owner_id"], "ann");
        for path in ["/access/blocked/bob", "/access/blocked/a%20b", "/access/blocked/%ff"] {
            let refused = server.put("bob", path, &json!({})).await;
            assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec!["user_id".to_owned()]), "{path}");
        }
        let refused = server.get("bob", "/access/blocked?page_token=x").await;
        assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec!["page_token".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn preview_shows_what_a_change_gains_and_loses() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = json!({"name": "Holiday", "tag_filters": {"include_any": ["holiday"]}});
        let profile = server.made("ann", "/exposure-profiles", &profile).await;
        let work = json!({"id": "n2", "tags": [{"id": "t3", "name": "work"}], "node_type": "note",
            "created_at": "2026-01-01T00:00:00Z"});
        let changes = json!({"tag_filters": {"include_any": ["work"]}, "is_default": true});
        let body = json!({"profile_id": profile, "changes": changes, "nodes": [node(), work]});
        let previewed = server.post("ann", "/access/preview", &body).await;
        assert_eq!(previewed.status, 200, "{backend}: {}", String::from_utf8_lossy(&previewed.body));
        let previewed = previewed.json();
        assert_eq!((&previewed["gained"], &previewed["lost"]), (&json!(["n2"]), &json!(["n1"])));
        assert_eq!(previewed["proven"], true);
        let example = &previewed["example_gained"];
        assert_eq!(
            (&example["text"], &example["tags"]),
            (&json!("a node with the tag `work`"), &json!([{"id": null, "name": "work"}]))
        );
        assert_eq!(previewed["warnings"][0]["code"], "WIDENED");
        let draft = json!({"draft": {"max_detail_level": "summary"}, "nodes": [node()]});
        let draft = server.post("ann", "/access/preview", &draft).await.json();
        assert_eq!((&draft["gained"], &draft["example_lost"]), (&json!(["n1"]), &Value::Null));
        assert_eq!(draft["warnings"][0]["code"], "EXPOSES_EVERYTHING");
        let replaced = json!({"profile_id": profile, "draft": {"allowed_node_types": ["GOAL"]}});
        let replaced = server.post("ann", "/access/preview", &replaced).await.json();
        assert!(replaced["example_gained"].is_object() && replaced["example_lost"].is_object());

        let unknown = json!({"profile_id": "0198c0de-0000-7000-8000-000000000002", "changes": {}});
        assert_eq!(server.post("ann", "/access/preview", &unknown).await.code(), "PROFILE_NOT_FOUND");
        let of_bob = json!({"profile_id": profile, "changes": {}});
        assert_eq!(server.post("bob", "/access/preview", &of_bob).await.code(), "PROFILE_NOT_FOUND");
        for (body, fields) in [
            (json!({}), vec!["changes"]),
            (json!({"changes": {}}), vec!["profile_id"]),
            (json!({"profile_id": "", "changes": {}}), vec!["profile_id"]),
            (json!({"profile_id": "", "draft": {}}), vec!["profile_id"]),
            (json!({"profile_id": profile, "changes": {}, "draft": {}}), vec!["draft"]),
            (json!({"draft": {"max_detail_level": "x", "name": " "}}), vec!["draft.max_detail_level", "draft.name"]),
            (
                json!({"profile_id": profile, "changes": {"is_active": 7, "tag_filters": {"include_any": [""]}}}),
                vec!["changes.is_active", "changes.tag_filters.include_any[0]"],
            ),
            (json!({"profile_id": profile, "changes": {"id": profile}}), vec!["changes.id"]),
            (
                json!({"draft": {}, "nodes": [{"id": "n"}, {"id": "a b", "node_type": "t", "created_at": "x"}]}),
                vec!["nodes[0].created_at", "nodes[0].node_type", "nodes[1].created_at", "nodes[1].id"],
            ),
        ] {
            let refused = server.post("ann", "/access/preview", &body).await;
            let fields: Vec<_> = fields.into_iter().map(str::to_owned).collect();
            assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, fields), "{body}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_suggestion_has_the_call_that_resolves_it() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
        let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
        grant(&server, "ann", "reading:list", &profile).await;
        let mut made = Vec::new();
        // One after another, until nothing is left to suggest.
        loop {
            let page = server.get("ann", "/access/suggestions?limit=1").await.json();
            let Some(suggestion) = page["suggestions"].as_array().unwrap().first().cloned() else { break };
            let path = suggestion["path"].as_str().unwrap().strip_prefix("/api/v1").unwrap().to_owned();
            let mended = match suggestion["method"].as_str().unwrap() {
                "PUT" => server.put("ann", &path, &suggestion["body"]).await,
                "DELETE" => server.delete("ann", &path).await,
                other => panic!("{other}"),
            };
            assert!(mended.status.is_success(), "{backend}: {suggestion}: {}", String::from_utf8_lossy(&mended.body));
            made.push(format!("{} {}", suggestion["method"].as_str().unwrap(), suggestion["kind"].as_str().unwrap()));
            assert!(made.len() < 10, "{made:?}");
        }
        let expected = ["PUT never_expires", "DELETE exposes_everything"].repeat(2);
        assert_eq!(made, expected, "{backend}");
        let refused = server.get("ann", "/access/suggestions?page_token=x").await;
        assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec!["page_token".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn person_exports_and_erases_what_is_stored_about_them() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
        let profile = server.made("ann", "/exposure-profiles", &json!({"name": "Open"})).await;
        grant(&server, "ann", "app", &profile).await;
        let export = server.get("ann", "/access/export").await;
        assert_eq!((export.status.as_u16(), export.header("content-type")), (200, "application/json"), "{backend}");
        assert!(export.header("content-disposition").starts_with("attachment"));
        let document = export.json();
        assert_eq!(document["user_id"], "ann");
        assert_eq!(document["sharing"]["outgoing"].as_array().unwrap().len(), 1);
        let receipts = document["exposure"]["consent_receipts"].as_array().unwrap();
        assert_eq!((receipts.len(), &receipts[0]["@type"]), (1, &json!("dpv:ConsentReceipt")));
        let empty = server.get("cyd", "/access/export").await.json();
        assert_eq!(empty["sharing"]["outgoing"], json!([]));

        for path in ["/access/me", "/access/me?confirmation=", "/access/me?confirmation=v1.1.00"] {
            let refused = server.delete("ann", path).await;
            assert_eq!(
                (refused.status.as_u16(), refused.wrong_fields()),
                (400, vec!["confirmation".to_owned()]),
                "{path}"
            );
        }
        let issued = server.ask_with("ann", Method::POST, "/access/erasure", NO_JSON, "").await.json();
        assert!(issued["expires_at"].is_string());
        let path = format!("/access/me?confirmation={}", issued["confirmation"].as_str().unwrap());
        assert_eq!(server.delete("bob", &path).await.status, 400, "the confirmation of another person");
        let erased = server.delete("ann", &path).await;
        assert_eq!(erased.status, 202);
        assert!(["pending", "revoked"].contains(&erased.json()["state"].as_str().unwrap()), "{}", erased.json());
        let refused = server.post("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
        assert_eq!(refused.code(), "USER_BEING_ERASED");
        assert_eq!(server.delete("ann", &path).await.status, 202, "it can be repeated");
    })
    .await;
}
