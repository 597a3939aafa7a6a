//! What an app sees of nodes that flow through its profile.

use ofself_proto::exposure::{
    DetailLevel, FilterNodesRequest, NodeContent, NodeDescription, ProfileDraft, RevokeAppAccessRequest, TagGrant,
    TagPermissions,
    filter_nodes_request::{Message, Open},
};
use prost_types::{Struct, Timestamp};
use serde_json::{Value, json};
use test_kit::Backend;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Streaming};

use crate::{
    exposure::{excluding, node},
    statements::on_both,
    test_server::{START, TestServer, named, strings, why},
};

pub fn structure(value: &Value) -> Struct {
    let Value::Object(members) = value else { panic!("{value}") };
    Struct { fields: members.iter().map(|(name, value)| (name.clone(), wire(value))).collect() }
}

fn wire(value: &Value) -> prost_types::Value {
    use prost_types::value::Kind;
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(*value),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap()),
        Value::String(text) => Kind::StringValue(text.clone()),
        Value::Array(items) => Kind::ListValue(prost_types::ListValue { values: items.iter().map(wire).collect() }),
        Value::Object(_) => Kind::StructValue(structure(value)),
    };
    prost_types::Value { kind: Some(kind) }
}

fn json_of(value: &prost_types::Value) -> Value {
    use prost_types::value::Kind;
    match value.kind.as_ref().unwrap() {
        Kind::NullValue(_) => Value::Null,
        Kind::BoolValue(value) => json!(value),
        Kind::NumberValue(number) => json!(number),
        Kind::StringValue(text) => json!(text),
        Kind::ListValue(list) => list.values.iter().map(json_of).collect(),
        Kind::StructValue(members) => object(members),
    }
}

fn object(fields: &Struct) -> Value {
    fields.fields.iter().map(|(name, value)| (name.clone(), json_of(value))).collect::<serde_json::Map<_, _>>().into()
}

/// A stream that is open: what is sent, and what comes back.
pub struct Flow {
    nodes: mpsc::Sender<FilterNodesRequest>,
    seen: Streaming<ofself_proto::exposure::FilterNodesResponse>,
}

impl Flow {
    pub async fn open(server: &TestServer, app: &str) -> Self {
        let (nodes, sent) = mpsc::channel(4);
        let open = Open { user_id: "ann".into(), app_id: app.into(), consistency: None };
        nodes.send(FilterNodesRequest { message: Some(Message::Open(open)) }).await.unwrap();
        let seen = server.decisions().filter_nodes(ReceiverStream::new(sent)).await.unwrap().into_inner();
        Self { nodes, seen }
    }

    pub async fn send(&self, description: NodeDescription, fields: &Value) {
        let content = NodeContent { description: Some(description), fields: Some(structure(fields)) };
        self.nodes.send(FilterNodesRequest { message: Some(Message::Node(content)) }).await.unwrap();
    }

    /// Everything that is still to come.
    pub async fn rest(mut self) -> Vec<NodeContent> {
        drop(self.nodes);
        let mut seen = Vec::new();
        while let Some(answer) = self.seen.message().await.unwrap() {
            seen.push(answer.node.unwrap());
        }
        seen
    }
}

/// What an app sees of one node under a profile.
async fn seen(
    server: &TestServer,
    app: &str,
    draft: ProfileDraft,
    description: NodeDescription,
    fields: &Value,
) -> (NodeDescription, Value) {
    let profile = server.create("ann", draft).await.unwrap();
    server.grant("ann", app, &profile.id).await.unwrap();
    let flow = Flow::open(server, app).await;
    flow.send(description, fields).await;
    let mut seen = flow.rest().await;
    let NodeContent { description, fields } = seen.pop().unwrap();
    (description.unwrap(), object(&fields.unwrap()))
}

fn content() -> Value {
    json!({
        "id": "n1", "title": "Call Bob", "node_type": "note", "meaning_level": 3, "importance_score": 0.5,
        "tags": ["work", "t2", {"id": "t1", "name": "work"}, {"id": "t2", "name": "private"}],
        "created_at": "2026-01-01T09:30:00Z", "updated_at": "2026-01-02T10:00:00+02:00",
        "value": "Ring +44 7911 123456 on 2026-01-07T09:30:00Z",
        "author_id": "user-9", "metadata": {"source": "import"},
        "links": [{"node_id": "n2", "exif_metadata": 1, "note": "see 550e8400-e29b-41d4-a716-446655440000"}],
        "bob@example.com": true
    })
}

fn tagged() -> NodeDescription {
    NodeDescription { schema_id: Some("s1".into()), ..node("n1", &[("t1", "work"), ("t2", "private")]) }
}

#[tokio::test]
async fn hidden_nodes_are_dropped_and_order_is_kept() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let profile = server.create("ann", excluding(&["private"])).await.unwrap();
        server.grant("ann", "app", &profile.id).await.unwrap();
        let flow = Flow::open(&server, "app").await;
        for number in 0..30 {
            let tag = if number % 3 == 0 { "private" } else { "work" };
            flow.send(node(&format!("n-{number}"), &[(&format!("t-{tag}"), tag)]), &json!({"number": number})).await;
        }
        let ids: Vec<_> = flow.rest().await.into_iter().map(|node| node.description.unwrap().id).collect();
        let expected: Vec<_> = (0..30).filter(|number| number % 3 != 0).map(|number| format!("n-{number}")).collect();
        assert_eq!(ids, expected, "{backend}");
        assert!(Flow::open(&server, "stranger").await.rest().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn detail_levels_show_their_fields() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let at = |level: DetailLevel| ProfileDraft { max_detail_level: level.into(), ..named("Level") };
    let (description, fields) = seen(&server, "full", at(DetailLevel::Full), tagged(), &content()).await;
    assert_eq!((description, fields.as_object().unwrap().len()), (tagged(), content().as_object().unwrap().len()));

    let (description, fields) = seen(&server, "summary", at(DetailLevel::Summary), tagged(), &content()).await;
    let mut names: Vec<_> = fields.as_object().unwrap().keys().cloned().collect();
    names.sort();
    assert_eq!(
        names,
        ["created_at", "id", "importance_score", "meaning_level", "node_type", "tags", "title", "updated_at"]
    );
    assert_eq!((description.schema_id, description.tags.len()), (None, 2));

    let (description, fields) = seen(&server, "minimal", at(DetailLevel::Minimal), tagged(), &content()).await;
    assert_eq!(fields, json!({"id": "n1", "node_type": "note", "created_at": "2026-01-01T09:30:00Z"}));
    assert_eq!((description.schema_id, description.tags.len()), (None, 0));
}

#[tokio::test]
async fn only_tags_with_discover_or_read_are_shown() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let grant = |tags: &[&str]| Some(TagGrant { tag_ids: strings(tags), allow_all: None, allow_new: None });
    let permissions = TagPermissions { read: grant(&["t1"]), discover: grant(&["t9"]), ..TagPermissions::default() };
    let draft = ProfileDraft { tag_permissions: Some(permissions), ..named("Reads work") };
    let (description, fields) = seen(&server, "app", draft, tagged(), &content()).await;
    let names: Vec<_> = description.tags.iter().map(|tag| tag.name.as_str()).collect();
    assert_eq!(names, ["work"]);
    assert_eq!(fields["tags"], json!(["work", {"id": "t1", "name": "work"}]));
}

#[tokio::test]
async fn each_transformation_has_its_effect() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let with = |transformations: &[&str]| ProfileDraft { transformations: strings(transformations), ..named("T") };

    let (_, fields) = seen(&server, "redact", with(&["redact_pii"]), tagged(), &content()).await;
    assert_eq!(fields["value"], "Ring [PHONE] on 2026-01-07T09:30:00Z");
    assert_eq!(fields["[EMAIL]"], true);

    let (description, fields) = seen(&server, "coarsen", with(&["coarsen_dates"]), tagged(), &content()).await;
    assert_eq!(description.created_at, Some(Timestamp { seconds: START, nanos: 0 }));
    assert_eq!(fields["value"], "Ring +44 7911 123456 on 2026-01-07");
    assert_eq!((&fields["created_at"], &fields["updated_at"]), (&json!("2026-01-01"), &json!("2026-01-02")));
    let later = NodeDescription { created_at: Some(Timestamp { seconds: START + 86_399, nanos: 5 }), ..tagged() };
    let (description, _) = seen(&server, "coarsen2", with(&["coarsen_dates"]), later, &content()).await;
    assert_eq!(description.created_at, Some(Timestamp { seconds: START, nanos: 0 }));

    let (_, fields) = seen(&server, "strip", with(&["strip_metadata"]), tagged(), &content()).await;
    assert_eq!((fields.get("metadata"), fields["links"][0].get("exif_metadata")), (None, None));

    let draft = with(&["pseudonymize_ids"]);
    let (one, fields) = seen(&server, "one", draft.clone(), tagged(), &content()).await;
    let (other, _) = seen(&server, "other", draft.clone(), tagged(), &content()).await;
    assert!(one.id.starts_with("p_") && one.id != other.id, "two apps cannot join what they hold");
    assert_eq!(fields["id"], json!(one.id));
    for (member, was) in [("author_id", "user-9"), ("id", "n1")] {
        assert!(fields[member].as_str().unwrap().starts_with("p_"), "{member} was {was}");
    }
    assert!(fields["links"][0]["node_id"].as_str().unwrap().starts_with("p_"));
    assert!(!fields["links"][0]["note"].as_str().unwrap().contains("550e8400"));
    assert_eq!(one.tags[0].name, "work");
    assert_eq!(fields["tags"][2]["id"], json!(one.tags[0].id));
    assert_eq!(fields["tags"][1], json!(one.tags[1].id));
    // The same after a restart: the key is kept with the data.
    server.stop().await;
    let server = TestServer::start(&backend).await;
    let flow = Flow::open(&server, "one").await;
    flow.send(tagged(), &content()).await;
    assert_eq!(flow.rest().await[0].description.as_ref().unwrap().id, one.id);
}

#[tokio::test]
async fn skipped_parts_skip_nothing_else() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let draft = ProfileDraft { transformations: strings(&["redact_pii"]), ..named("T") };
    let fields = json!({"a@example.com": 1, "b@example.com": 2, "deep": [[{"c@example.com": "d@example.com"}]]});
    let (_, fields) = seen(&server, "app", draft, tagged(), &fields).await;
    assert_eq!(fields, json!({"[EMAIL]": 1.0, "[EMAIL] (2)": 2.0, "deep": [[{"[EMAIL]": "[EMAIL]"}]]}));
}

#[tokio::test]
async fn colliding_members_are_numbered_in_one_pass() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let draft = ProfileDraft { transformations: strings(&["redact_pii"]), ..named("T") };
    let fields: serde_json::Map<_, _> = (0..20_000).map(|n| (format!("a{n}@example.com"), json!(n))).collect();
    let (_, fields) = seen(&server, "app", draft, tagged(), &fields.into()).await;
    assert_eq!(fields.as_object().unwrap().len(), 20_000);
    assert!(fields.get("[EMAIL] (20000)").is_some());
}

#[tokio::test]
async fn names_and_tags_are_transformed() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let uuid = "550e8400-e29b-41d4-a716-446655440000";
    let awkward = || node("n1", &[("t1", uuid), ("t2", "2026-01-07T09:30:00Z call")]);
    let transformations = strings(&["pseudonymize_ids", "coarsen_dates"]);
    let draft = ProfileDraft { transformations, ..named("T") };
    let fields = json!({"parent_id": 42, "other_id": "42", "old_id": "p_0123456789abcdef0123456789abcdef"});
    let (description, fields) = seen(&server, "app", draft, awkward(), &fields).await;
    assert!(!description.tags[0].name.contains(uuid));
    assert_eq!(description.tags[1].name, "2026-01-07 call");
    assert_eq!(fields["parent_id"], fields["other_id"]);
    assert_ne!(fields["old_id"], "p_0123456789abcdef0123456789abcdef");

    let grant = Some(TagGrant { tag_ids: strings(&["work"]), allow_all: None, allow_new: None });
    let permissions = TagPermissions { read: grant, ..TagPermissions::default() };
    let draft = ProfileDraft { tag_permissions: Some(permissions), ..named("Reads work") };
    let mut fields = json!({"tags": [{"id": "t-private", "name": "work"}, {"name": "work", "parent": "private"}]});
    for name in ["Tags", "tagNames", "tag-ids", "TAG_LIST", "tagId"] {
        fields[name] = json!(["work", "private", {"Name": "private", "tagId": "work"}]);
    }
    let (_, fields) = seen(&server, "other", draft, tagged(), &fields).await;
    assert_eq!(fields["tags"], json!([{"name": "work"}]));
    assert!(!fields.to_string().contains("private"), "{fields}");
    assert_eq!(fields["tagNames"], json!(["work"]));
}

#[tokio::test]
async fn revoked_grant_ends_open_streams() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let profile = server.create("ann", named("All")).await.unwrap();
    server.grant("ann", "app", &profile.id).await.unwrap();
    let mut flow = Flow::open(&server, "app").await;
    flow.send(node("n1", &[]), &json!({})).await;
    assert_eq!(flow.seen.message().await.unwrap().unwrap().node.unwrap().description.unwrap().id, "n1");
    let revoke = RevokeAppAccessRequest { user_id: "ann".into(), app_id: "app".into() };
    server.access().revoke_app_access(revoke).await.unwrap();
    server.at(1);
    flow.send(node("n2", &[]), &json!({})).await;
    assert!(flow.rest().await.is_empty());
}

#[tokio::test]
async fn invalid_message_ends_the_stream_with_a_reason() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let profile = server.create("ann", named("All")).await.unwrap();
    server.grant("ann", "app", &profile.id).await.unwrap();
    let first = NodeContent { description: Some(node("n", &[])), fields: None };
    let not_open = vec![FilterNodesRequest { message: Some(Message::Node(first)) }];
    assert_eq!(why(server.decisions().filter_nodes(tokio_stream::iter(not_open)).await), "open");
    let without_ids = vec![FilterNodesRequest { message: Some(Message::Open(Open::default())) }];
    assert_eq!(why(server.decisions().filter_nodes(tokio_stream::iter(without_ids)).await), "app_id user_id");
    let mut flow = Flow::open(&server, "app").await;
    flow.send(NodeDescription { node_type: String::new(), ..node("", &[]) }, &json!({})).await;
    assert_eq!(why(flow.seen.message().await), "node.description.id node.description.node_type");
    let mut flow = Flow::open(&server, "app").await;
    flow.nodes.send(FilterNodesRequest { message: None }).await.unwrap();
    assert_eq!(flow.seen.message().await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test]
async fn large_content_is_transformed_as_small_content_is() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let draft = ProfileDraft { transformations: strings(&["redact_pii", "coarsen_dates"]), ..named("Large") };
    let line = "bob@example.com called +44 7911 123456 at 2026-01-07T09:30:00Z, from 203.0.113.5\n";
    let content = json!({"small": line, "large": line.repeat(12_000)});
    let (description, fields) = seen(&server, "app", draft, tagged(), &content).await;
    assert_eq!(description.tags.len(), 2);
    let expected = "[EMAIL] called [PHONE] at 2026-01-07, from [IP_ADDRESS]\n";
    assert_eq!(fields, json!({"small": expected, "large": expected.repeat(12_000)}));
}

#[tokio::test]
async fn hidden_tags_do_not_remain_in_content() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    server.learn("ann", &[("t1", "work"), ("t2", "hidden-tag")]).await;
    let grant = Some(TagGrant { tag_ids: strings(&["work"]), allow_all: None, allow_new: None });
    let permissions = TagPermissions { read: grant, ..TagPermissions::default() };
    let draft = ProfileDraft { tag_permissions: Some(permissions), ..named("Reads work") };
    let description = node("n", &[("t1", "work"), ("t2", "hidden-tag")]);
    let content = json!({
        "tags": {"work": ["hidden-tag"], "hidden-tag": []},
        "tag": {"id": "work", "name": ["hidden-tag"]},
        "hashtags": ["work", "hidden-tag"], "labels": [["t2"], "t1"], "nodeTags": [{"name": "hidden-tag"}],
        "node": {"tagIds": ["t1", "t2"], "title": "of the hidden-tag"},
        "label": "hidden-tag",
    });
    let (description, fields) = seen(&server, "app", draft, description, &content).await;
    assert_eq!(description.tags.len(), 1);
    let expected = json!({
        "tags": {"work": []},
        "tag": {"id": "work"},
        "hashtags": ["work"], "labels": [[], "t1"], "nodeTags": [],
        "node": {"tagIds": ["t1"], "title": "of the hidden-tag"},
        // No member that holds tags, as documented.
        "label": "hidden-tag",
    });
    assert_eq!(fields, expected);
}
