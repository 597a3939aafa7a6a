//! Nodes of the caller's as a person, an app, or a person through an app would see them.

use axum::{body::Body, extract::State, response::Response};
use grpc_server::{json_struct, read_struct};
use http::Request;
use ofself_proto::{
    exposure::{NodeContent, NodeDescription, Tag, ViewNodesRequest, ViewedNode},
    sharing::{ExplainNodesRequest, Node, NodeDecision},
};
use prost::Message;
use prost_types::Struct;
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};
use types::{FieldErrors, MAX_LIST};
use utoipa::ToSchema;

use super::{
    checked,
    node::{DescribedNode, NodeBody},
};
use crate::{
    answer,
    description::IdText,
    error::ApiError,
    http::{body::read_body, cpu_work::run_sized, query::NoQuery},
    json::{Field, List},
    timestamp,
    upstream::{Call, Upstreams},
};

/// The largest body: nodes with their content.
pub(crate) const MAX_BODY: usize = 8 * 1024 * 1024;

/// The maximum nesting of lists and objects: the decoder reads messages 100 deep, and an object takes three of them.
const MAX_DEPTH: usize = 30;

/// The viewer, and the nodes to view
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "person": "bob", "app": "reading-list", "nodes": [{
        "description": {
            "id": "n1", "tags": [{"id": "tag-uuid-1", "name": "holiday"}], "node_type": "EXPERIENCE",
            "created_at": "2026-11-21T09:00:00Z"
        },
        "fields": {"title": "Call Bob at +49 30 901820"}
    }]
}))]
pub(crate) struct ViewAs {
    /// A person; `person`, `app` or both are required
    #[schema(value_type = Option<IdText>)]
    person: Field<String>,
    /// An app
    #[schema(value_type = Option<IdText>)]
    app: Field<String>,
    #[schema(value_type = Vec<NodeWithContent>, min_items = 1, max_items = 1000)]
    nodes: Field<List<NodeWithContent>>,
}

/// A node and its content
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NodeWithContent {
    #[schema(value_type = NodeBody)]
    description: Field<NodeBody>,
    /// Every field of the node, at most 30 deep; of a number above 2^53 the last digits are lost, as in `FilterNodes`
    #[schema(value_type = Option<HashMap<String, Value>>)]
    fields: Field<NodeFields>,
}

/// The fields of a node, encoded where the body is read: they may be large.
#[derive(Default)]
struct NodeFields(Struct);

impl<'de> Deserialize<'de> for NodeFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Object(fields) if fields.values().any(|value| is_deeper(value, MAX_DEPTH - 1)) => {
                Err(D::Error::custom(format!("must be at most {MAX_DEPTH} deep")))
            }
            Value::Object(fields) => Ok(Self(json_struct(fields))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(D::Error::custom("must be an object"))
            }
        }
    }
}

/// A node as it would be seen
#[derive(Serialize, ToSchema)]
#[schema(as = ViewedNode)]
struct ViewedBody {
    id: String,
    /// Whether it is seen
    visible: bool,
    /// The deciding share and the deciding rule
    reason: String,
    /// What is seen of it: its description and its fields after detail level and transformations; `null`: nothing
    #[schema(required, value_type = Option<HashMap<String, Value>>)]
    view: Option<Value>,
}

/// Nodes as they would be seen, in the order of the request
#[derive(Serialize, ToSchema)]
#[schema(as = ViewedNodes, example = json!({
    "nodes": [{
        "id": "n1", "visible": true, "reason": "`bob` may read it by share `0198c0de-0000-7000-8000-000000000001`", "view": {
            "description": {
                "id": "n1", "node_type": "EXPERIENCE", "tags": [], "schema_id": null, "created_at": "2026-11-21T09:00:00Z"
            },
            "fields": {"title": "Call Bob"}
        }
    }]
}))]
pub(crate) struct ViewedBodies {
    nodes: Vec<ViewedBody>,
}

/// Shows nodes of the caller's as a person, an app, or a person through an app would see them
#[utoipa::path(
    post,
    path = "/access/view-as",
    operation_id = "ViewAs",
    tag = "Access",
    request_body = ViewAs,
    responses((status = 200, description = "The nodes, in the order of the request", body = ViewedBodies)),
)]
pub(crate) async fn view(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let ViewAs { person, app, nodes } = read_body(request, &mut errors).await?;
    if person.is_missing() && app.is_missing() {
        errors.add("person", "is required, unless there is an app");
    }
    let is_for_app = !app.is_missing();
    let (person, app) = (person.into_option(), app.into_option());
    // The conversion of many nodes takes more than a millisecond.
    let read = move || {
        let nodes = read_nodes(nodes, &mut errors);
        (nodes, errors)
    };
    let (nodes, mut errors) = run_sized(usize::MAX, read).await?;
    if nodes.is_empty() {
        errors.add_unless_known("nodes", format!("must hold 1 to {MAX_LIST} entries"));
        return Err(ApiError::validation(errors));
    }
    let (facts, contents): (Vec<_>, Vec<_>) = nodes.into_iter().unzip();
    // What a person sees is not transformed.
    let (sent, whole) = if is_for_app { (contents, Vec::new()) } else { (Vec::new(), contents) };
    let ids: Vec<_> = facts.iter().map(|node| node.id.clone()).collect();

    let (mut sharing, mut exposure) = (upstreams.access(), upstreams.exposure_access());
    let decisions = async {
        let Some(person_id) = person else { return Ok(None) };
        let request = upstreams.request(&call, ExplainNodesRequest { person_id, nodes: facts })?;
        Ok(Some(sharing.explain_nodes(request).await?.into_inner().decisions))
    };
    let views = async {
        let Some(app_id) = app else { return Ok(None) };
        let request = upstreams.request(&call, ViewNodesRequest { app_id, nodes: sent })?;
        Ok(Some(exposure.view_nodes(request).await?.into_inner().nodes))
    };
    let (decisions, views) = tokio::join!(decisions, views);
    let decisions = checked(decisions, &mut errors, path_of_person)?;
    let views = checked(views, &mut errors, path_of_app)?;
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    // A node without an answer must not count as seen.
    let is_complete = |answers: Option<usize>| answers.is_none_or(|answers| answers == ids.len());
    if !is_complete(decisions.as_ref().map(Vec::len)) || !is_complete(views.as_ref().map(Vec::len)) {
        return Err(ApiError::internal());
    }
    let size = |contents: &[NodeContent]| contents.iter().map(Message::encoded_len).sum::<usize>();
    let bytes = size(&whole) + views.iter().flatten().map(Message::encoded_len).sum::<usize>();
    answer::page(bytes, move || {
        let mut decisions = decisions.into_iter().flatten();
        let mut views = views.into_iter().flatten();
        let mut whole = whole.into_iter();
        let nodes = ids.into_iter().map(|id| viewed(id, decisions.next(), views.next(), whole.next()));
        ViewedBodies { nodes: nodes.collect() }
    })
    .await
}

fn read_nodes(nodes: Field<List<NodeWithContent>>, errors: &mut FieldErrors) -> Vec<(Node, NodeContent)> {
    let nodes = nodes.into_option().map(|nodes| nodes.map(|_, node| node)).unwrap_or_default();
    let read = |(index, node): (usize, Option<NodeWithContent>)| {
        // An invalid node keeps its index, so that the errors of the others name the right paths.
        let Some(NodeWithContent { description, fields }) = node else { return Default::default() };
        let path = format!("nodes[{index}].description");
        let Some(description) = description.into_option() else {
            errors.add_unless_known(&path, "is required");
            return Default::default();
        };
        let DescribedNode { node, description, .. } = description.into_messages(&path, errors);
        let NodeFields(fields) = fields.into_option().unwrap_or_default();
        (node, NodeContent { description: Some(description), fields: Some(fields) })
    };
    nodes.into_iter().enumerate().map(read).collect()
}

/// Whether more than `depth` lists and objects are within each other.
fn is_deeper(value: &Value, depth: usize) -> bool {
    let Some(inner) = depth.checked_sub(1) else { return value.is_array() || value.is_object() };
    match value {
        Value::Array(items) => items.iter().any(|item| is_deeper(item, inner)),
        Value::Object(members) => members.values().any(|member| is_deeper(member, inner)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The path of a field that the sharing service names.
fn path_of_person(path: &str) -> String {
    match path.split_once("].") {
        Some((node, field)) => format!("{node}].description.{field}"),
        None if path == "person_id" => "person".to_owned(),
        None => path.to_owned(),
    }
}

/// The path of a field that the exposure service names.
fn path_of_app(path: &str) -> String {
    if path == "app_id" { "app".to_owned() } else { path.to_owned() }
}

/// The view of a node for the person and the app of the request.
fn viewed(
    id: String,
    decision: Option<NodeDecision>,
    view: Option<ViewedNode>,
    whole: Option<NodeContent>,
) -> ViewedBody {
    let is_allowed = decision.as_ref().is_none_or(|decision| decision.allowed);
    let is_exposed = view.as_ref().is_none_or(|view| view.exposed);
    let reasons = [decision.map(|decision| decision.reason), view.as_ref().map(|view| view.reason.clone())];
    let seen = view.and_then(|view| view.view).or(whole).filter(|_| is_allowed && is_exposed);
    let reason = reasons.into_iter().flatten().collect::<Vec<_>>().join("; ");
    ViewedBody { id, visible: is_allowed && is_exposed, reason, view: seen.map(shown) }
}

fn shown(content: NodeContent) -> Value {
    let NodeContent { description, fields } = content;
    let NodeDescription { id, node_type, tags, schema_id, created_at } = description.unwrap_or_default();
    let text = |text: String| (!text.is_empty()).then_some(text);
    let tag = |Tag { id, name }| json!({"id": text(id), "name": text(name)});
    json!({
        "description": {
            "id": id,
            "node_type": text(node_type),
            "tags": tags.into_iter().map(tag).collect::<Vec<_>>(),
            "schema_id": schema_id,
            "created_at": created_at.map(timestamp::written),
        },
        "fields": read_struct(fields.unwrap_or_default()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_fields_of_the_request() {
        assert_eq!(path_of_person("person_id"), "person");
        assert_eq!(path_of_person("nodes"), "nodes");
        assert_eq!(path_of_person("nodes[7].tag_ids[2]"), "nodes[7].description.tag_ids[2]");
        assert_eq!(path_of_app("app_id"), "app");
        assert_eq!(path_of_app("nodes[7].description.id"), "nodes[7].description.id");
    }
}
