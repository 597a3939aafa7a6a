//! `?validate_only=true`, and responses that are sent back by PUT.

use http::Method;
use serde_json::{Value, json};
use test_kit::Backend;

use crate::test_server::TestServer;

/// The entity as GET returns it, without the YAML that only GET adds.
async fn stored(server: &TestServer, path: &str) -> Value {
    let mut entity = server.get("ann", path).await.json();
    entity.as_object_mut().unwrap().remove("yaml");
    entity
}

/// The entity without its id and times.
fn without_identity(mut entity: Value) -> Value {
    for name in ["id", "created_at", "updated_at"] {
        entity[name] = Value::Null;
    }
    entity
}

#[tokio::test]
async fn validate_only_agrees_with_the_write() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for (path, body, change) in [
        ("/sharing", json!({"shared_with_user_id": "bob", "scope": "all"}), json!({"can_write": true})),
        ("/exposure-profiles", json!({"name": "Work", "allowed_tag_ids": ["work"]}), json!({"allowed_tag_ids": []})),
    ] {
        let query = format!("{path}?validate_only=true");
        let key = [("idempotency-key", "k"), ("content-type", "application/json")];
        let checked = server.ask_with("ann", Method::POST, &query, &key, body.to_string()).await;
        assert_eq!((checked.status.as_u16(), checked.header("etag"), checked.header("location")), (200, "", ""));
        let created = server.ask_with("ann", Method::POST, path, &key, body.to_string()).await;
        assert_eq!((created.status.as_u16(), created.header("idempotency-replayed")), (201, ""), "{path}");
        assert_eq!(checked.json(), without_identity(created.json()), "{path}");

        let entity = format!("{path}/{}", created.json()["id"].as_str().unwrap());
        let checked = server.put("ann", &format!("{entity}?validate_only=true"), &change).await;
        assert_eq!((checked.status.as_u16(), checked.header("etag")), (200, ""), "{path}");
        assert_eq!(stored(&server, &entity).await, created.json(), "nothing is written");
        let updated = server.put("ann", &entity, &change).await;
        assert_eq!(checked.json(), without_identity(updated.json()), "{path}");

        for wrong in [json!({"made_up": 1}), json!({"name": 1, "can_read": 1})] {
            let checked = server.post("ann", &query, &wrong).await;
            let written = server.post("ann", path, &wrong).await;
            assert_eq!((checked.status.as_u16(), checked.wrong_fields()), (400, written.wrong_fields()));
        }
        let unknown = server.post("ann", &format!("{path}?validate_only=maybe"), &body).await;
        assert_eq!((unknown.status.as_u16(), unknown.wrong_fields()), (400, vec!["validate_only".to_owned()]));
    }
}

#[tokio::test]
async fn put_accepts_its_get_and_rejects_read_only_changes() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for (path, body, read_only) in [
        (
            "/sharing",
            json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": ["work"]}),
            vec![
                ("status", json!("revoked")),
                ("shared_with_user_id", json!("cyd")),
                ("created_at", json!("2020-01-01T00:00:00Z")),
                ("effective", Value::Null),
                ("is_active", json!(false)),
            ],
        ),
        ("/exposure-profiles", json!({"name": "Work"}), vec![("id", json!("x")), ("warnings", json!([]))]),
    ] {
        let created = server.post("ann", path, &body).await.json();
        let entity = format!("{path}/{}", created["id"].as_str().unwrap());
        let sent_back = server.put("ann", &entity, &server.get("ann", &entity).await.json()).await;
        assert_eq!((sent_back.status.as_u16(), sent_back.json()), (200, created.clone()), "{path}");
        for (name, value) in read_only {
            let mut changed = created.clone();
            changed[name] = value;
            let refused = server.put("ann", &entity, &changed).await;
            assert_eq!(
                (refused.status.as_u16(), refused.wrong_fields()),
                (400, vec![name.to_owned()]),
                "{path}: {name}"
            );
        }
        assert_eq!(stored(&server, &entity).await, created, "{path}");
    }
}
