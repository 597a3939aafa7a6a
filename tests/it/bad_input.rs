//! What no field of any endpoint takes: each refused with its name, nothing written.

use http::Method;
use serde_json::{Value, json};
use test_kit::{Answer, Backend};

use crate::test_server::TestServer;

/// Every field of a body, with a value of its type.
fn share() -> Value {
    json!({
        "shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": ["t"], "node_ids": [], "can_read": true,
        "can_write": true, "can_delete": true, "can_share": true, "expires_at": "2126-01-01T00:00:00Z",
    })
}

fn profile() -> Value {
    let grant = json!({"tag_ids": ["t"], "allow_all": false});
    let schemas = json!({"schema_ids": ["s"], "allow_all": false});
    json!({
        "name": "x", "description": "x", "tag_filters": {"include_all": ["t"], "include_any": ["t"], "exclude_any": ["t"]},
        "tag_expression": {"op": "AND", "conditions": [{"tag": "t"}]}, "allowed_tag_ids": ["t"], "allowed_tags_logic": "OR",
        "excluded_tag_ids": ["t"], "allowed_node_ids": ["n"], "allowed_node_types": ["T"], "excluded_node_types": ["T"],
        "date_range_start": "2026-01-01T00:00:00Z", "date_range_end": "2026-01-02T00:00:00Z",
        "transformations": ["redact_pii"], "max_detail_level": "full",
        "tag_permissions": {"discover": grant, "read": grant, "propose": grant, "edit": grant, "create": grant, "delete": grant},
        "schema_permissions": {"read": schemas, "write": schemas},
    })
}

/// The paths of all members and items of a value.
fn paths(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, below) in members {
                into.push(format!("{at}/{name}"));
                paths(below, &format!("{at}/{name}"), into);
            }
        }
        Value::Array(items) => {
            for (index, below) in items.iter().enumerate() {
                into.push(format!("{at}/{index}"));
                paths(below, &format!("{at}/{index}"), into);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `/tag_ids/0` as errors write it: `tag_ids[0]`.
fn written(path: &str) -> String {
    let mut text = String::new();
    for part in path.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            text.extend(["[", part, "]"]);
        } else {
            text.push_str(if text.is_empty() { "" } else { "." });
            text.push_str(part);
        }
    }
    text
}

fn refused(answer: &Answer, path: &str, why: &str) {
    let message = format!("{why} at {path}: {} {}", answer.status, answer.json());
    assert_eq!(answer.status, 400, "{message}");
    assert_eq!(answer.code(), "VALIDATION_ERROR", "{message}");
    // A wrong item may be said of the item or of its list.
    let path = written(path);
    assert!(answer.wrong_fields().iter().any(|wrong| wrong.starts_with(&path) || path.starts_with(wrong)), "{message}");
}

/// The current state: the resource, and the number of resources.
async fn standing(server: &TestServer, path: &str, list: &str) -> (Vec<u8>, Value) {
    (server.get("ann", path).await.body, server.get("ann", list).await.json()["total"].clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn value_of_wrong_type_is_rejected_by_field() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for (base, list, body) in
        [("/sharing", "/sharing/outgoing", share()), ("/exposure-profiles", "/exposure-profiles", profile())]
    {
        let created = server.post("ann", base, &body).await;
        assert_eq!(created.status, 201, "{}", created.json());
        let one = created.header("location").replace("/api/v1", "");
        let before = standing(&server, &one, list).await;
        let mut fields = Vec::new();
        paths(&body, "", &mut fields);
        let odd = [
            json!(5),
            json!(-1.5e300),
            json!("\u{0}"),
            json!("a\u{0}b"),
            json!(""),
            json!({}),
            json!([[]]),
            json!([5]),
            json!([""]),
            json!(true),
            json!({"a": {"b": [null]}}),
            json!("x".repeat(5_000)),
            json!(vec!["x"; 1_001]),
            json!("2026-01-01T00:00:00"),
        ];
        for field in &fields {
            let value = body.pointer(field).unwrap();
            for odd in odd.iter().filter(|odd| !is_good(field, odd)) {
                let mut wrong = body.clone();
                *wrong.pointer_mut(field).unwrap() = odd.clone();
                if odd == value {
                    continue;
                }
                let why = odd.to_string().chars().take(40).collect::<String>();
                refused(&server.post("ann", base, &wrong).await, field, &why);
                if !field.starts_with("/shared_with_user_id") {
                    if let Some(members) = wrong.as_object_mut() {
                        members.remove("shared_with_user_id");
                    }
                    refused(&server.put("ann", &one, &wrong).await, field, &why);
                }
            }
        }
        assert_eq!(standing(&server, &one, list).await, before, "{base}: nothing is written");
    }
}

/// Values that are odd elsewhere and right here.
fn is_good(field: &str, odd: &Value) -> bool {
    let last = field.rsplit('/').next().unwrap_or_default();
    let is_flag = last.starts_with("can_") || last.starts_with("allow_");
    let is_object = matches!(last, "tag_filters" | "tag_permissions" | "schema_permissions" | "tag_expression")
        || ["discover", "read", "propose", "edit", "create", "delete", "write"].contains(&last);
    (is_flag && last != "allowed_tags_logic" && odd.is_boolean())
        || (is_object && *odd == json!({}))
        || (last == "description" && *odd == json!(""))
        || (last == "description" && *odd == json!("2026-01-01T00:00:00"))
        || (last == "name" && *odd == json!("2026-01-01T00:00:00"))
        // Any text up to 128 characters may name a tag or a type.
        || (last.parse::<usize>().is_ok() && *odd == json!("2026-01-01T00:00:00") && !field.contains("transformations") && !field.contains("conditions"))
        || (last == "tag" && *odd == json!("2026-01-01T00:00:00"))
        || *field == *"/shared_with_user_id" && *odd == json!("2026-01-01T00:00:00")
    // A list that is too long by one of them, where the entries are known words, is refused for its length alone.
}

/// Path, body, status, code, wrong fields.
type Case = (&'static str, Vec<u8>, u16, &'static str, &'static [&'static str]);

#[tokio::test]
async fn valid_json_beyond_the_contract_is_rejected() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let deep = format!("{}{{\"tag\": \"t\"}}{}", "{\"op\": \"NOT\", \"conditions\": [".repeat(40), "]}".repeat(40));
    let emoji = |count: usize| format!(r#"{{"name": "{}"}}"#, "🦀".repeat(count));
    let cases: Vec<Case> = vec![
        (
            "/sharing",
            br#"{"scope": "all", "scope": "all", "shared_with_user_id": "bob"}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["scope"],
        ),
        (
            "/exposure-profiles",
            br#"{"name": "x", "tag_filters": {"include_any": ["a"], "include_any": []}}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["tag_filters.include_any"],
        ),
        (
            "/sharing",
            br#"{"scope": "all", "shared_with_user_id": "bob", "owner_id": "eve", "user_id": "eve"}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["owner_id", "user_id"],
        ),
        (
            "/exposure-profiles",
            br#"{"name": "x", "is_active": true, "is_default": true}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["is_active", "is_default"],
        ),
        ("/sharing", b"{\"scope\": \"\xff\xfe\"}".to_vec(), 400, "MALFORMED_JSON", &[]),
        ("/sharing", b"{\"scope\": \"a\0b\"}".to_vec(), 400, "MALFORMED_JSON", &[]),
        ("/sharing", b"\0".to_vec(), 400, "MALFORMED_JSON", &[]),
        ("/sharing", br#"{"scope": "all"} {"scope": "all"}"#.to_vec(), 400, "MALFORMED_JSON", &[]),
        ("/sharing", br#"{"scope": NaN}"#.to_vec(), 400, "MALFORMED_JSON", &[]),
        (
            "/exposure-profiles",
            format!(r#"{{"name": "x", "tag_expression": {}}}"#, "[".repeat(5_000)).into_bytes(),
            400,
            "MALFORMED_JSON",
            &[],
        ),
        (
            "/exposure-profiles",
            format!(r#"{{"name": "x", "tag_expression": {deep}}}"#).into_bytes(),
            400,
            "VALIDATION_ERROR",
            &["tag_expression"],
        ),
        (
            "/exposure-profiles",
            br#"{"name": "x", "tag_expression": {"tag": "a", "op": "AND", "conditions": []}}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["tag_expression.tag"],
        ),
        (
            "/exposure-profiles",
            br#"{"name": "x", "tag_expression": {"op": "XOR"}}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["tag_expression.conditions", "tag_expression.op"],
        ),
        ("/exposure-profiles", emoji(100).into_bytes(), 201, "", &[]),
        ("/exposure-profiles", emoji(101).into_bytes(), 400, "VALIDATION_ERROR", &["name"]),
        ("/exposure-profiles/from-template", b"{}".to_vec(), 400, "VALIDATION_ERROR", &["template"]),
        (
            "/exposure-profiles/from-template",
            br#"{"template": 5, "name": 5, "x": 5}"#.to_vec(),
            400,
            "VALIDATION_ERROR",
            &["name", "template", "x"],
        ),
    ];
    for (path, body, status, code, fields) in cases {
        let answer = server.ask_with("ann", Method::POST, path, &[], body.clone()).await;
        let message = format!(
            "{path} {}: {}",
            String::from_utf8_lossy(&body).chars().take(90).collect::<String>(),
            answer.json()
        );
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code), "{message}");
        assert_eq!(answer.wrong_fields(), fields, "{message}");
    }
    assert_eq!(server.get("ann", "/sharing/outgoing").await.json()["total"], 0);
    assert_eq!(server.get("ann", "/exposure-profiles").await.json()["total"], 1);
}

#[tokio::test]
async fn items_after_an_invalid_one_keep_their_index() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let share = json!({"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": [1, "", "t", null, "a b"]});
    let wrong = server.post("ann", "/sharing", &share).await;
    assert_eq!(wrong.wrong_fields(), ["tag_ids[0]", "tag_ids[1]", "tag_ids[3]", "tag_ids[4]"], "{}", wrong.json());
    let conditions = json!([5, {"tag": ""}, {"tag": 7}, null, {"tag": ""}]);
    let profile = json!({"name": "x", "tag_expression": {"op": "AND", "conditions": conditions}});
    let wrong = server.post("ann", "/exposure-profiles", &profile).await;
    let at = |index: usize| format!("tag_expression.conditions[{index}]");
    let paths = [at(0), at(1) + ".tag", at(2) + ".tag", at(3), at(4) + ".tag"];
    assert_eq!(wrong.wrong_fields(), paths, "{}", wrong.json());
}

#[tokio::test]
async fn many_wrong_fields_are_400_and_others_are_served() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let wrong = vec!["é"; 1_000];
    let share = json!({"shared_with_user_id": "b c", "scope": "specific_tags", "tag_ids": wrong, "node_ids": wrong});
    let refused = server.post("eve", "/sharing", &share).await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    assert!(
        ["shared_with_user_id", "tag_ids", "node_ids[9]"]
            .iter()
            .all(|field| refused.wrong_fields().contains(&(*field).to_owned()))
    );

    let numbers = server.post("eve", "/sharing", &json!({"scope": "specific_tags", "tag_ids": vec![5; 1_000]})).await;
    assert_eq!(numbers.wrong_fields().len(), 12, "ten items, the list, and the recipient: {}", numbers.json());

    let empty = vec![""; 1_000];
    let tags: Vec<_> = (0..500).map(|_| json!({"tag": ""})).collect();
    let grant = json!({"tag_ids": empty});
    let profile = json!({"name": "", "tag_expression": {"op": "OR", "conditions": tags}, "allowed_tag_ids": empty, "excluded_tag_ids": empty,
        "tag_permissions": {"discover": grant, "read": grant, "propose": grant, "edit": grant, "create": grant, "delete": grant}});
    let refused = server.post("eve", "/exposure-profiles", &profile).await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    assert!(refused.json()["error"]["details"]["more_fields"].as_u64().unwrap() > 100, "what is not named is counted");
    let mut with_shape = profile.clone();
    with_shape["is_default"] = json!(5);
    let refused = server.post("eve", "/exposure-profiles", &with_shape).await;
    assert!(refused.wrong_fields().contains(&"is_default".to_owned()));
    assert!(refused.json()["error"]["details"]["more_fields"].is_u64(), "also when the gateway found something itself");

    let members: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("m{n}"), json!(0))).collect();
    let refused = server.post("eve", "/sharing", &Value::Object(members)).await;
    assert_eq!((refused.status.as_u16(), refused.wrong_fields().contains(&"body".to_owned())), (400, true));
}

#[tokio::test]
async fn page_of_the_largest_rows_is_returned() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    for row in 0..100 {
        let tags: Vec<_> = (0..1_000).map(|tag| format!("{row:0>64}-{tag:0>63}")).collect();
        let recipient = format!("bob-{}", row % 10);
        server
            .made(
                "ann",
                "/sharing",
                &json!({"shared_with_user_id": recipient, "scope": "specific_tags", "tag_ids": tags}),
            )
            .await;
    }
    let page = server.get("ann", "/sharing/outgoing?limit=100").await;
    assert_eq!((page.status.as_u16(), page.json()["shares"].as_array().map(Vec::len)), (200, Some(100)));
}

#[tokio::test]
async fn identity_comes_only_from_the_token() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let id = server.made("ann", "/sharing", &json!({"shared_with_user_id": "bob", "scope": "all"})).await;
    let headers = [("x-user-id", "ann"), ("x-ofself-user", "ann")];
    let ask = async |path: String| server.ask_with("eve", Method::GET, &path, &headers, "").await.code();
    assert_eq!(ask(format!("/sharing/{id}")).await, "SHARE_NOT_FOUND");
    assert_eq!(ask(format!("/sharing/{id}?user_id=ann")).await, "VALIDATION_ERROR");
}
