use serde_json::{Value, json};
use test_kit::{Backend, on_both};

use crate::test_server::TestServer;

#[tokio::test]
async fn share_has_every_documented_field() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let body = json!({
            "shared_with_user_id": "user-uuid", "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"],
            "can_read": true, "can_write": false, "can_delete": false, "can_share": false,
            "expires_at": "2126-12-31T01:00:00+01:00",
        });
        let made = server.post("ann", "/sharing", &body).await;
        assert_eq!(made.status, 201);
        let share = made.json();
        assert_eq!(made.header("location"), format!("/api/v1/sharing/{}", share["id"].as_str().unwrap()));
        let mut shown = share.clone();
        for minted in ["id", "created_at", "updated_at"] {
            assert!(shown.as_object_mut().unwrap().remove(minted).unwrap().is_string());
        }
        let expected = json!({
            "owner_id": "ann", "shared_with_user_id": "user-uuid", "scope": "specific_tags",
            "tag_ids": ["tag-uuid-1", "tag-uuid-2"], "node_ids": [],
            "can_read": true, "can_write": false, "can_delete": false, "can_share": false,
            "expires_at": "2126-12-31T00:00:00Z", "status": "active", "is_active": true, "source": "direct",
            "parent_share_id": null, "revoked_at": null, "shared_by_user_id": "ann", "narrowed": false,
            "inactive_reason": null,
            "effective": {
                "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"], "node_ids": [], "can_read": true,
                "can_write": false, "can_delete": false, "can_share": false, "expires_at": "2126-12-31T00:00:00Z",
            },
        });
        assert_eq!(shown, expected, "{backend}");
        let path = format!("/sharing/{}", share["id"].as_str().unwrap());
        assert_eq!(server.get("user-uuid", &path).await.json(), share);
    })
    .await;
}

#[tokio::test]
async fn null_is_absent_in_a_post_and_clears_in_a_put() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    // As the published Python client sends it.
    let body = json!({"shared_with_user_id": "bob", "scope": "all", "tag_ids": null, "node_ids": null, "can_read": null,
        "expires_at": "2126-01-01T00:00:00Z", "parent_share_id": null});
    let id = server.made("ann", "/sharing", &body).await;
    let path = format!("/sharing/{id}");
    let kept = server.put("ann", &path, &json!({"can_write": true})).await.json();
    assert_eq!(kept["expires_at"], "2126-01-01T00:00:00Z");
    assert_eq!(server.put("ann", &path, &json!({"expires_at": null})).await.json()["expires_at"], Value::Null);
    assert_eq!(
        server.put("ann", &path, &json!({"can_read": null, "scope": null})).await.wrong_fields(),
        ["can_read", "scope"]
    );
}

#[tokio::test]
async fn pages_report_their_position() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for tag in 0..5 {
        let body = json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": [format!("t{tag}")]});
        server.made("ann", "/sharing", &body).await;
    }
    let page = |query: &'static str| {
        let server = &server;
        async move {
            let page = server.get("ann", &format!("/sharing/outgoing{query}")).await.json();
            let rows = page["shares"].as_array().unwrap().len();
            (rows, json!([page["total"], page["limit"], page["offset"], page["has_next"], page["has_prev"]]))
        }
    };
    assert_eq!(page("").await, (5, json!([5, 20, 0, false, false])));
    assert_eq!(page("?limit=2&offset=2").await, (2, json!([5, 2, 2, true, true])));
    assert_eq!(page("?limit=2&offset=4").await, (1, json!([5, 2, 4, false, true])));
    assert_eq!(page("?limit=1000").await, (5, json!([5, 100, 0, false, false])));
    assert_eq!(page("?page=2&per_page=3").await, (2, json!([5, 3, 3, false, true])));
    assert_eq!(page("?is_active=&limit=&offset=").await.0, 5);
    assert_eq!(page("?is_active=false").await.0, 0);
    for (query, field) in
        [("limit=0", "limit"), ("offset=-1", "offset"), ("is_active=maybe", "is_active"), ("limit=x", "limit")]
    {
        let refused = server.get("ann", &format!("/sharing/outgoing?{query}")).await;
        assert_eq!((refused.status.as_u16(), refused.wrong_fields()), (400, vec![field.to_owned()]));
    }
}

#[tokio::test]
async fn revoke_is_idempotent() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let path = format!(
        "/sharing/{}",
        server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await
    );
    let first = server.delete("ann", &path).await;
    assert_eq!((first.status.as_u16(), first.json()["status"].as_str()), (200, Some("revoked")));
    assert_eq!(server.delete("ann", &path).await.body, first.body);
    assert_eq!(server.put("ann", &path, &json!({"can_write": true})).await.code(), "SHARE_REVOKED");
}

#[tokio::test]
async fn conflict_names_the_existing_share() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let body = json!({"shared_with_user_id": "bob", "scope": "all"});
    let id = server.made("ann", "/sharing", &body).await;
    let refused = server.post("ann", "/sharing", &body).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "SHARING_EXISTS"));
    assert_eq!(refused.json()["error"]["details"]["share_id"], id);
}

#[tokio::test]
async fn not_found_is_equal_for_foreign_and_missing() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let share = server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
    let profile = server.made("ann", "/exposure-profiles", &json!({"name": "mine"})).await;
    let never = "01a20058-215e-710d-a63e-b9acc3ae83b4";
    for (path, id) in [("/sharing", share), ("/exposure-profiles", profile)] {
        for (method, body) in [("GET", ""), ("PUT", "{}"), ("PUT", r#"{"name": 5, "can_read": 5}"#), ("DELETE", "")] {
            let method: http::Method = method.parse().unwrap();
            let headers =
                [("x-request-id", "same"), ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")];
            let mut seen = Vec::new();
            for id in [id.as_str(), never, "share_abc"] {
                let answer = server.ask_with("eve", method.clone(), &format!("{path}/{id}"), &headers, body).await;
                let mut headers = answer.headers.clone();
                headers.remove("date");
                seen.push((answer.status, headers, answer.body));
            }
            assert_eq!(seen[0].0, 404, "{method} {path}");
            assert!(seen.iter().all(|answer| *answer == seen[0]), "{method} {path}: {seen:?}");
        }
    }
}
