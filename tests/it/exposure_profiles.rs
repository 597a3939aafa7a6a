use http::Method;
use ofself_proto::exposure::{AppTier, GrantAppAccessRequest, app_access_service_client::AppAccessServiceClient};
use serde_json::{Value, json};
use test_kit::{Backend, on_both};

use crate::test_server::TestServer;

/// A body in which every documented field is set.
fn full() -> Value {
    json!({
        "name": "Work Data Only",
        "description": "Share work notes and documents",
        "tag_filters": {"include_all": ["urgent"], "include_any": ["work", "personal"], "exclude_any": ["archived"]},
        "tag_expression": {"op": "AND", "conditions": [{"tag": "work"}, {"op": "OR", "conditions": [{"tag": "urgent"}, {"tag": "today"}]}]},
        "allowed_tag_ids": ["t1"], "allowed_tags_logic": "AND", "excluded_tag_ids": ["t2"],
        "allowed_node_ids": ["n1"], "allowed_node_types": ["EXPERIENCE", "BELIEF"], "excluded_node_types": ["ENTITY"],
        "date_range_start": "2026-01-01T00:00:00Z", "date_range_end": "2026-02-01T00:00:00.500Z",
        "transformations": ["redact_pii"], "max_detail_level": "summary",
        "tag_permissions": {
            "discover": {"tag_ids": ["uuid"], "allow_all": false}, "read": {"tag_ids": ["uuid"], "allow_all": false},
            "propose": {"tag_ids": ["uuid"], "allow_all": false, "allow_new": true},
            "edit": {"tag_ids": ["uuid"], "allow_all": false},
            "create": {"tag_ids": ["uuid"], "allow_all": false, "allow_new": true}
        },
        "schema_permissions": {"read": {"schema_ids": ["schema-uuid", "__freeform__"], "allow_all": false}, "write": {"schema_ids": ["schema-uuid"], "allow_all": false}}
    })
}

#[tokio::test]
async fn every_documented_field_round_trips() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.post("ann", "/exposure-profiles", &full()).await;
        assert_eq!(made.status, 201, "{}", made.json());
        let profile = made.json();
        for (field, value) in full().as_object().unwrap() {
            assert_eq!(&profile[field], value, "{backend}: {field}");
        }
        assert_eq!(
            (&profile["is_active"], &profile["is_default"], &profile["warnings"][0]["code"]),
            (&json!(true), &json!(false), &json!("NO_EFFECT"))
        );
        let path = format!("/exposure-profiles/{}", profile["id"].as_str().unwrap());
        let shown = server.get("ann", &path).await;
        assert_eq!(shown.header("etag"), made.header("etag"));
        let sent_back = server.put("ann", &path, &shown.json()).await;
        assert_eq!(
            (sent_back.status.as_u16(), sent_back.json()),
            (200, profile),
            "{backend}: what is shown can be sent back"
        );
    })
    .await;
}

#[tokio::test]
async fn unset_fields_are_null_and_never_missing() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let profile = server.post("ann", "/exposure-profiles", &json!({"name": "bare"})).await.json();
    for field in full().as_object().unwrap().keys().filter(|field| *field != "name") {
        let empty = profile.get(field).unwrap_or_else(|| panic!("{field} is missing"));
        assert!(empty.is_null() || *empty == json!([]), "{field}: {empty}");
    }
}

#[tokio::test]
async fn put_clears_null_and_keeps_absent() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let path = format!("/exposure-profiles/{}", server.made("ann", "/exposure-profiles", &full()).await);
    let updated = server.put("ann", &path, &json!({"name": "Updated Work Profile", "is_active": false})).await.json();
    assert_eq!((&updated["name"], &updated["is_active"]), (&json!("Updated Work Profile"), &json!(false)));
    assert_eq!(updated["tag_filters"], full()["tag_filters"]);
    for field in full().as_object().unwrap().keys().filter(|field| *field != "name") {
        let cleared = server.put("ann", &path, &json!({field: null})).await.json();
        assert!(cleared[field].is_null() || cleared[field] == json!([]), "{field}");
    }
    assert_eq!(
        server.put("ann", &path, &json!({"name": null, "is_active": null})).await.wrong_fields(),
        ["is_active", "name"]
    );
}

#[tokio::test]
async fn yaml_comes_in_both_forms() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let path = format!("/exposure-profiles/{}", server.made("ann", "/exposure-profiles", &full()).await);
    let yaml = server.get("ann", &format!("{path}/yaml")).await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    let text = String::from_utf8(yaml.body.clone()).unwrap();
    assert!(text.starts_with("# ") && text.contains("\nname: Work Data Only\n"), "{text}");
    let accept = [("accept", "application/json")];
    let as_json = server.ask_with("ann", Method::GET, &format!("{path}/yaml"), &accept, "").await;
    assert_eq!((as_json.header("content-type"), as_json.header("vary")), ("application/json", "accept"));
    let known = async |tag: &str, accept: &str| {
        let headers = [("if-none-match", tag), ("accept", accept)];
        let answer = server.ask_with("ann", Method::GET, &format!("{path}/yaml"), &headers, "").await;
        (answer.status.as_u16(), answer.header("vary").to_owned())
    };
    let (yaml_tag, json_tag) = (yaml.header("etag").to_owned(), as_json.header("etag").to_owned());
    assert_eq!(known(&yaml_tag, "*/*").await, (304, "accept".to_owned()));
    assert_eq!(known(&json_tag, "application/json").await.0, 304);
    assert_eq!(known(&json_tag, "*/*").await.0, 200, "who has one form does not have the other");
    assert_eq!(as_json.json(), json!({"yaml": text}));
    assert_eq!(server.get("ann", &path).await.json()["yaml"], text, "include_yaml is true by default");
    assert!(server.get("ann", &format!("{path}?include_yaml=false")).await.json().get("yaml").is_none());
    assert_eq!(server.get("eve", &format!("{path}/yaml")).await.code(), "PROFILE_NOT_FOUND");
}

#[tokio::test]
async fn legacy_scope_is_accepted() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let scope = json!({"node_types": ["note"], "tag_ids": ["tag-work"], "permissions": ["read", "write"], "exclude_tag_ids": ["tag-private"]});
    let profile = server.post("ann", "/exposure-profiles", &json!({"name": "Work", "scope": scope})).await.json();
    assert_eq!(profile["allowed_node_types"], json!(["note"]));
    assert_eq!(
        (&profile["allowed_tag_ids"], &profile["excluded_tag_ids"]),
        (&json!(["tag-work"]), &json!(["tag-private"]))
    );
    let all = json!({"tag_ids": [], "allow_all": true});
    let none = json!({"tag_ids": [], "allow_all": false});
    assert_eq!(profile["tag_permissions"], json!({"read": all, "edit": all, "create": all, "delete": none}));

    let path = format!("/exposure-profiles/{}", profile["id"].as_str().unwrap());
    let updated = server.put("ann", &path, &json!({"scope": {"tag_ids": ["tag-home"]}})).await.json();
    assert_eq!(
        (&updated["allowed_tag_ids"], &updated["excluded_tag_ids"]),
        (&json!(["tag-home"]), &json!(["tag-private"]))
    );
    let nothing = server.put("ann", &path, &json!({"scope": {"permissions": []}})).await.json();
    assert_eq!(nothing["tag_permissions"]["read"], none, "no permission is none, not all");

    for (body, wrong) in [
        (json!({"name": "x", "scope": scope, "allowed_tag_ids": ["t"]}), "scope"),
        (json!({"name": "x", "scope": {"permissions": ["read", "fly"]}}), "scope.permissions[1]"),
        (json!({"name": "x", "scope": {"colour": 1}}), "scope.colour"),
        (json!({"name": "x", "scope": "all"}), "scope"),
    ] {
        assert_eq!(server.post("ann", "/exposure-profiles", &body).await.wrong_fields(), [wrong]);
    }
    let against = json!({"scope": {"permissions": ["read"]}, "tag_permissions": null});
    assert_eq!(server.put("ann", &path, &against).await.wrong_fields(), ["scope"], "null would clear what it sets");
}

#[tokio::test]
async fn null_member_does_not_conflict() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let tag = |tag: &str| json!({"tag": tag, "op": null, "conditions": null});
    let every = json!({
        "name": "x", "scope": null, "allowed_tag_ids": ["t"],
        "tag_expression": {"tag": null, "op": "OR", "conditions": [tag("a"), tag("b")]}
    });
    let made = server.post("ann", "/exposure-profiles", &every).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let plain = json!({"op": "OR", "conditions": [{"tag": "a"}, {"tag": "b"}]});
    assert_eq!(made.json()["tag_expression"], plain);
    let earlier = json!({"name": "x", "scope": {"tag_ids": ["t"]}, "tag_permissions": null, "allowed_tag_ids": null});
    assert_eq!(server.post("ann", "/exposure-profiles", &earlier).await.status, 201);
    let path = format!("/exposure-profiles/{}", made.json()["id"].as_str().unwrap());
    let kept = server.put("ann", &path, &json!({"scope": null, "name": "y"})).await;
    assert_eq!((kept.status.as_u16(), &kept.json()["allowed_tag_ids"]), (200, &json!(["t"])));
}

#[tokio::test]
async fn defaults_and_templates() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let default = server.get("ann", "/exposure-profiles/default").await;
    assert_eq!(default.json()["is_default"], true);
    let template = |name: &str| json!({"template": name, "name": "Limited Access Profile"});
    let there = server.post("ann", "/exposure-profiles/from-template", &template("transparent")).await;
    assert_eq!((there.status.as_u16(), there.json()), (200, default.json()));
    let made = server.post("ann", "/exposure-profiles/from-template", &template("restrictive")).await;
    assert_eq!((made.status.as_u16(), made.json()["name"].as_str()), (201, Some("Limited Access Profile")));
    assert_eq!(server.post("bob", "/exposure-profiles/from-template", &template("transparent")).await.status, 201);

    let path = format!("/exposure-profiles/{}", default.json()["id"].as_str().unwrap());
    let refused = server.delete("ann", &path).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "PROFILE_IS_DEFAULT"));
    assert_eq!(server.put("ann", &path, &json!({"is_default": false})).await.code(), "PROFILE_IS_DEFAULT");
    let other = format!("/exposure-profiles/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(server.put("ann", &other, &json!({"is_default": true})).await.json()["is_default"], true);
    assert_eq!(server.delete("ann", &path).await.status, 204);
    assert_eq!(server.get("ann", &path).await.code(), "PROFILE_NOT_FOUND");
}

#[tokio::test]
async fn profile_in_use_error_names_the_apps() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let path = format!("/exposure-profiles/{}", server.made("ann", "/exposure-profiles", &json!({"name": "x"})).await);
    let channel = tonic::transport::Channel::from_shared(server.exposure_url.clone()).unwrap().connect_lazy();
    let mut grants = AppAccessServiceClient::new(channel);
    for app in 0..27 {
        let request = GrantAppAccessRequest {
            user_id: "ann".to_owned(),
            app_id: format!("app-{app:0>2}"),
            tier: AppTier::L2.into(),
            profile_id: path.rsplit('/').next().unwrap().to_owned(),
            expires_at: None,
        };
        grants.grant_app_access(request).await.unwrap();
    }
    let refused = server.delete("ann", &path).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "PROFILE_IN_USE"));
    let details = &refused.json()["error"]["details"];
    let apps: Vec<_> = details["apps"].as_array().unwrap().iter().map(|app| app.as_str().unwrap()).collect();
    assert_eq!((apps.len(), apps[0], &details["more_apps"]), (25, "app-00", &json!(2)), "{details}");
}

#[tokio::test]
async fn update_of_one_tag_filter_keeps_the_others() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let whole = json!({"include_all": ["a"], "include_any": ["work"], "exclude_any": ["private"]});
    let path = format!(
        "/exposure-profiles/{}",
        server.made("ann", "/exposure-profiles", &json!({"name": "p", "tag_filters": whole})).await
    );
    let lists = |all: &[&str], any: &[&str], none: &[&str]| json!({"include_all": all, "include_any": any, "exclude_any": none});
    // What is sent, what it makes of the filters, and the fields by which it exposes more.
    let cases = [
        (json!({"exclude_any": ["private", "hr"]}), lists(&["a"], &["work"], &["private", "hr"]), json!(null)),
        (json!({"exclude_any": ["hr"]}), lists(&["a"], &["work"], &["hr"]), json!(["tag_filters.exclude_any"])),
        (json!({}), lists(&["a"], &["work"], &["hr"]), json!(null)),
        (json!({"include_any": []}), lists(&["a"], &[], &["hr"]), json!(["tag_filters.include_any"])),
        (json!({"include_all": null}), lists(&[], &[], &["hr"]), json!(["tag_filters.include_all"])),
        (json!({"include_any": ["b"]}), lists(&[], &["b"], &["hr"]), json!(null)),
        (
            json!({"exclude_any": null, "include_any": null}),
            json!(null),
            json!(["tag_filters.include_any", "tag_filters.exclude_any"]),
        ),
        (json!({"include_any": ["c"]}), lists(&[], &["c"], &[]), json!(null)),
        (json!(null), json!(null), json!(["tag_filters.include_any"])),
    ];
    for (update, expected, widened) in cases {
        let before = server.get("ann", &path).await;
        let updated = server.put("ann", &path, &json!({"tag_filters": update})).await;
        assert_eq!((updated.status.as_u16(), &updated.json()["tag_filters"]), (200, &expected), "{update}");
        let shown = server.get("ann", &format!("{path}?include_yaml=false")).await;
        assert_eq!(shown.json()["tag_filters"], expected, "{update}");
        // Nothing to change is no change.
        assert_eq!(before.header("etag") == updated.header("etag"), update == json!({}), "{update}");
        let warnings = updated.json()["warnings"].clone();
        let warnings = warnings.as_array().unwrap().clone();
        let found = warnings.iter().find(|warning| warning["code"] == "WIDENED");
        assert_eq!(found.map_or(json!(null), |warning| warning["fields"].clone()), widened, "{update}: {warnings:?}");
        assert!(!shown.json().to_string().contains("WIDENED"), "{update}");
    }
    let invalid = server.put("ann", &path, &json!({"tag_filters": {"exclude_any": [5], "include": []}})).await;
    let errors = invalid.json()["errors"].clone();
    assert_eq!((invalid.status.as_u16(), errors.as_object().map(serde_json::Map::len)), (400, Some(2)), "{errors}");
}
