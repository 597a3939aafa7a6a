//! Writes what the targets start from: for each method a message that its service takes, and for the REST targets a request
//! or a token of each kind. Run it after a change of the contract: `cargo run --example seeds`, in this folder.

use std::{fs, path::Path};

use ofself_proto::{exposure as e, sharing as s};
use prost::Message;

fn main() -> std::io::Result<()> {
    for (target, seeds) in
        [("rest", rest()), ("token", tokens()), ("sharing_rpc", sharing()), ("exposure_rpc", exposure())]
    {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        for (index, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{index:02}")), seed)?;
        }
    }
    Ok(())
}

fn rest() -> Vec<Vec<u8>> {
    let expression = r#"{"tag_expression": {"op": "AND", "conditions": [{"tag": "work"}, {"op": "NOT", "conditions": [{"op": "OR", "conditions": [{"tag": "a"}, {"tag": "b"}]}]}]}, "name": "Work"}"#;
    let profile = r#"{"name": "Work", "description": "d", "tag_filters": {"included": {"mode": "AND", "tag_ids": ["a"]}, "excluded": {"mode": "OR", "tag_ids": ["b"]}}, "allowed_tag_ids": ["a"], "allowed_tags_logic": "OR", "excluded_tag_ids": ["c"], "allowed_node_ids": ["n"], "allowed_node_types": ["note"], "excluded_node_types": ["x"], "date_range_start": "2026-01-01T00:00:00Z", "date_range_end": "2026-02-01T00:00:00+02:00", "transformations": ["redact_pii"], "max_detail_level": "summary", "tag_permissions": {"read": {"tag_ids": ["a"], "allow_all": false}, "create": {"allow_new": true}}, "schema_permissions": {"write": {"schema_ids": ["__freeform__"]}}, "scope": ["read"]}"#;
    let share = r#"{"shared_with_user_id": "bob", "scope": "specific_tags", "tag_ids": ["holiday"], "can_read": true, "can_share": null, "expires_at": "2030-01-01T00:00:00.123Z", "parent_share_id": "0193a5b0-0000-7000-8000-000000000000"}"#;
    [
        format!("POST /sharing\nidempotency-key: k-1\nx-request-id: r\n\n{share}"),
        "PUT /sharing/0193a5b0-0000-7000-8000-000000000000\nif-match: \"3-0123456789abcdef\", W/\"4\"\n\n{\"expires_at\": null, \"can_read\": false}".to_owned(),
        "GET /sharing/outgoing?limit=5&offset=0&is_active=true\n\n".to_owned(),
        "GET /sharing/incoming?page=2&per_page=10&is_active=\n\n".to_owned(),
        "DELETE /sharing/x\nif-match: *\n\n".to_owned(),
        format!("POST /exposure-profiles\n\n{profile}"),
        format!("PUT /exposure-profiles/%30193a5b0\nif-none-match: *\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n\n{expression}"),
        "GET /exposure-profiles/x/yaml?resolve_tag_names=false\naccept: application/json;q=0.5, */*\n\n".to_owned(),
        "GET /exposure-profiles/x?include_yaml=0\n\n".to_owned(),
        "POST /exposure-profiles/from-template\n\n{\"template\": \"restrictive\", \"name\": \"n\"}".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn tokens() -> Vec<Vec<u8>> {
    let claims = r#"{"iss":"https://id.ofself.ai","aud":"ofself-api","sub":"ann","tier":"L0","exp":9999999999"#;
    let head = r#"{"alg":"HS256","typ":"JWT"}"#;
    [
        format!("!{head}\n{claims}}}"),
        format!("!{head}\n{claims},\"iat\":1700000000,\"nbf\":1700000000.5,\"azp\":\"our-client\",\"tier\":\"L1\"}}"),
        format!("!{{\"alg\":\"none\",\"kid\":\"../../x\",\"crit\":[\"b64\"],\"b64\":false}}\n{claims}}}"),
        format!("!{{\"alg\":\"RS256\",\"jku\":\"https://x\",\"jwk\":{{\"kty\":\"oct\"}},\"cty\":\"JWT\"}}\n{claims}}}"),
        format!("!{head}\n{{\"iss\":[],\"aud\":[\"ofself-api\",1],\"sub\":7,\"exp\":\"9999999999\",\"nbf\":-1e400}}"),
        "eyJhbGciOiJub25lIn0.e30.".to_owned(),
        "a.b.c.d.e".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

/// A message to the method of this name.
fn to(package: &str, method: &str, key: u8, message: &impl Message) -> Vec<u8> {
    let index = fuzz::methods(package).iter().position(|path| path.ends_with(&format!("/{method}"))).expect("a method");
    [vec![u8::try_from(index).expect("few methods"), key], message.encode_to_vec()].concat()
}

fn sharing() -> Vec<Vec<u8>> {
    let tags = || vec!["t1".to_owned(), "t2".to_owned()];
    let node = s::Node { id: "n1".to_owned(), tag_ids: tags(), graph_root_ids: vec!["r".to_owned()] };
    let resource = || s::Resource { resource: Some(s::resource::Resource::Node(node.clone())) };
    let share = s::CreateShareRequest {
        shared_with_user_id: "bob".to_owned(),
        scope: s::ShareScope::SpecificTags.into(),
        tag_ids: tags(),
        can_share: Some(true),
        expires_at: Some(prost_types::Timestamp { seconds: 4_000_000_000, nanos: 5 }),
        ..s::CreateShareRequest::default()
    };
    let update = s::UpdateShareRequest {
        share_id: "0193a5b0-0000-7000-8000-000000000000".to_owned(),
        share: Some(s::ShareChanges { tag_ids: tags(), can_write: Some(true), ..s::ShareChanges::default() }),
        update_mask: Some(prost_types::FieldMask { paths: vec!["tag_ids".to_owned(), "can_write".to_owned()] }),
        expected_versions: vec![1],
        validate_only: true,
        dry_run: false,
    };
    let (viewer_id, owner_id, action) = ("bob".to_owned(), "ann".to_owned(), s::Action::Read.into());
    let check = s::CheckAccessRequest {
        viewer_id: viewer_id.clone(),
        owner_id: owner_id.clone(),
        action,
        resource: Some(resource()),
        consistency: None,
    };
    let batch = s::BatchCheckAccessRequest {
        viewer_id: viewer_id.clone(),
        owner_id: owner_id.clone(),
        action,
        resources: vec![resource(), resource()],
        consistency: None,
    };
    let follow = s::GrantFollowShareRequest {
        follow_id: "f".to_owned(),
        owner_id,
        follower_id: "bob".to_owned(),
        scope: s::ShareScope::All.into(),
        ..s::GrantFollowShareRequest::default()
    };
    const PACKAGE: &str = "ofself.sharing.v1";
    vec![
        to(PACKAGE, "CreateShare", 0, &share),
        to(PACKAGE, "CreateShare", 7, &share),
        to(PACKAGE, "UpdateShare", 0, &update),
        to(PACKAGE, "CheckAccess", 0, &check),
        to(PACKAGE, "BatchCheckAccess", 0, &batch),
        to(PACKAGE, "ExplainAccess", 0, &check),
        to(PACKAGE, "GrantFollowShare", 0, &follow),
        to(PACKAGE, "ListOutgoingShares", 0, &s::ListOutgoingSharesRequest { limit: Some(3), ..Default::default() }),
    ]
}

fn exposure() -> Vec<Vec<u8>> {
    use e::tag_expression::{Expression, Op, Operation};
    let tag = |name: &str| e::TagExpression { expression: Some(Expression::Tag(name.to_owned())) };
    let operation = |op: Op, conditions: Vec<e::TagExpression>| e::TagExpression {
        expression: Some(Expression::Operation(Operation { op: op.into(), conditions })),
    };
    let not_b = operation(Op::Not, vec![tag("b")]);
    let draft = e::ProfileDraft {
        name: Some("Work".to_owned()),
        tag_expression: Some(operation(Op::And, vec![tag("a"), operation(Op::Or, vec![not_b, tag("c")])])),
        allowed_node_ids: vec!["n1".to_owned()],
        excluded_node_types: vec!["x".to_owned()],
        date_range_start: Some(prost_types::Timestamp { seconds: 1, nanos: 2 }),
        transformations: vec!["redact_pii".to_owned(), "pseudonymize_ids".to_owned()],
        tag_permissions: Some(e::TagPermissions {
            read: Some(e::TagGrant { tag_ids: vec!["a".to_owned()], ..e::TagGrant::default() }),
            create: Some(e::TagGrant { allow_new: Some(true), ..e::TagGrant::default() }),
            ..e::TagPermissions::default()
        }),
        ..e::ProfileDraft::default()
    };
    let node = e::NodeDescription {
        id: "n1".to_owned(),
        node_type: "note".to_owned(),
        tags: vec![e::Tag { id: "t1".to_owned(), name: "a".to_owned() }],
        schema_id: Some("s".to_owned()),
        created_at: Some(prost_types::Timestamp { seconds: 5, nanos: 0 }),
    };
    let preview = e::PreviewProfileRequest {
        user_id: "ann".to_owned(),
        draft: Some(draft.clone()),
        nodes: vec![node.clone(), node.clone()],
    };
    let write = e::CheckWriteRequest {
        user_id: "ann".to_owned(),
        app_id: "app".to_owned(),
        verb: e::WriteVerb::Edit.into(),
        before: Some(node.clone()),
        after: Some(node),
        consistency: None,
    };
    let create = e::CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false };
    let upsert = e::UpsertTagsRequest {
        user_id: "ann".to_owned(),
        tags: vec![e::Tag { id: "t1".to_owned(), name: "a".to_owned() }],
    };
    const PACKAGE: &str = "ofself.exposure.v1";
    vec![
        to(PACKAGE, "CreateProfile", 0, &create),
        to(PACKAGE, "CreateProfile", 9, &create),
        to(PACKAGE, "UpsertTags", 0, &upsert),
        to(PACKAGE, "PreviewProfile", 0, &preview),
        to(PACKAGE, "CheckWrite", 0, &write),
        to(PACKAGE, "GetDefaultProfile", 0, &e::GetDefaultProfileRequest {}),
        to(PACKAGE, "ListProfiles", 0, &e::ListProfilesRequest::default()),
    ]
}
