//! What a change of a profile, or a new profile, would expose and hide.

use axum::{body::Body, extract::State, response::Response};
use http::Request;
use ofself_proto::exposure::{self as wire, NodeDescription, PreviewChangeRequest};
use serde::{Deserialize, Serialize};
use types::FieldErrors;
use utoipa::ToSchema;

use super::{
    checked,
    node::{DescribedNode, NodeBody},
};
use crate::{
    answer,
    body_errors::renamed,
    error::ApiError,
    exposure_profiles::{
        requests::{NewProfile, ProfileChange},
        responses::{WarningBody, warnings},
    },
    http::{body::read_body, cpu_work::run_sized, query::NoQuery},
    json::{Field, List},
    timestamp,
    upstream::{Call, Upstreams},
};

/// A change of a profile, or a draft of one; `changes` or `draft` is required
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "profile_id": "0198c0de-0000-7000-8000-000000000002", "changes": {"tag_filters": {"include_any": ["work", "home"]}},
    "nodes": [{
        "id": "n1", "tags": [{"id": "tag-uuid-1", "name": "home"}], "node_type": "EXPERIENCE",
        "created_at": "2026-11-21T09:00:00Z"
    }]
}))]
pub(crate) struct Preview {
    /// The profile that is changed; required for `changes`. A draft without it is compared with a profile that exposes nothing, and one
    /// with it replaces the profile
    #[schema(value_type = Option<String>, format = "uuid")]
    profile_id: Field<String>,
    /// The body of `PUT /exposure-profiles/{profile_id}`
    #[schema(value_type = Option<ProfileChange>)]
    changes: Field<ProfileChange>,
    /// The body of `POST /exposure-profiles`; it needs no name
    #[schema(value_type = Option<NewProfile>)]
    draft: Field<NewProfile>,
    /// Nodes that are compared one by one
    #[schema(value_type = Option<Vec<NodeBody>>, max_items = 1000)]
    nodes: Field<List<NodeBody>>,
}

/// An example of a node
#[derive(Serialize, ToSchema)]
#[schema(as = ExampleNode)]
struct ExampleBody {
    /// The node in words, by what the change depends on
    text: String,
    id: String,
    node_type: String,
    /// Each with an id or a name
    tags: Vec<ExampleTag>,
    /// `null`: freeform
    #[schema(required)]
    schema_id: Option<String>,
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<String>,
}

/// A tag of an example
#[derive(Serialize, ToSchema)]
struct ExampleTag {
    #[schema(required)]
    id: Option<String>,
    #[schema(required)]
    name: Option<String>,
}

/// What a change would expose and hide
#[derive(Serialize, ToSchema)]
#[schema(as = PreviewedChange, example = json!({
    "gained": ["n1"], "lost": [], "example_gained": {
        "text": "a node with the tag `home`", "id": "other", "node_type": "other", "tags": [{"id": null, "name": "home"}],
        "schema_id": "other", "created_at": "1970-01-01T00:00:00Z"
    },
    "example_lost": null, "proven": true, "warnings": []
}))]
pub(crate) struct PreviewBody {
    /// Ids of the nodes of the request that are exposed only after the change
    gained: Vec<String>,
    /// Ids of the nodes of the request that are exposed only before it
    lost: Vec<String>,
    /// A node that is exposed only after the change; `null`: there is none if `proven`, else it is not known
    #[schema(required)]
    example_gained: Option<ExampleBody>,
    /// A node that is exposed only before it; `null`: there is none if `proven`, else it is not known
    #[schema(required)]
    example_lost: Option<ExampleBody>,
    /// Whether both comparisons are decided; `false`: they would take too long
    proven: bool,
    /// As after the change
    warnings: Vec<WarningBody>,
}

/// Shows what a change of a profile, or a new one, would expose and hide; nothing is written
#[utoipa::path(
    post,
    path = "/access/preview",
    operation_id = "PreviewChange",
    tag = "Access",
    request_body = Preview,
    responses((status = 200, description = "What the change would expose and hide", body = PreviewBody)),
)]
pub(crate) async fn preview(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let Preview { profile_id, changes, draft, nodes } = read_body(request, &mut errors).await?;
    match (changes.is_missing(), draft.is_missing()) {
        (true, true) => errors.add("changes", "is required, unless there is a draft"),
        (false, false) => errors.add("draft", "cannot be combined with changes"),
        (false, true) if profile_id.is_missing() => errors.add("profile_id", "is required for changes"),
        (false, true) | (true, false) => {}
    }
    let profile_id = profile_id.into_option();
    if profile_id.as_deref() == Some("") {
        errors.add("profile_id", "must not be empty");
        return Err(ApiError::validation(errors));
    }
    let profile_id = profile_id.unwrap_or_default();
    let is_update = !changes.is_missing();
    // The conversion of many nodes takes more than a millisecond.
    let read = move || {
        let request = read_request(profile_id, changes, draft, nodes, &mut errors);
        (request, errors)
    };
    let (request, mut errors) = run_sized(usize::MAX, read).await?;
    let request = upstreams.request(&call, request)?;
    let previewed = upstreams.exposure_access().preview_change(request).await.map_err(ApiError::from);
    let member = if is_update { "changes" } else { "draft" };
    let previewed = checked(previewed.map(Some), &mut errors, |path| path_of(path, member))?;
    let Some(previewed) = previewed.filter(|_| errors.is_empty()) else { return Err(ApiError::validation(errors)) };
    let wire::PreviewChangeResponse { gained, lost, example_gained, example_lost, proven, warnings: found } =
        previewed.into_inner();
    answer::ok(&PreviewBody {
        gained,
        lost,
        example_gained: example_gained.map(example),
        example_lost: example_lost.map(example),
        proven,
        warnings: warnings(found),
    })
}

fn read_request(
    profile_id: String,
    changes: Field<ProfileChange>,
    draft: Field<NewProfile>,
    nodes: Field<List<NodeBody>>,
    errors: &mut FieldErrors,
) -> PreviewChangeRequest {
    let nodes = nodes.into_option().map(|nodes| nodes.map(|index, node| (index, node))).unwrap_or_default();
    let nodes = nodes
        .into_iter()
        .map(|(index, node)| {
            // An invalid node keeps its index, so that the errors of the others name the right paths.
            let Some(node) = node else { return NodeDescription::default() };
            let DescribedNode { description, .. } = node.into_messages(&format!("nodes[{index}]"), errors);
            description
        })
        .collect();
    let mut inner = FieldErrors::new();
    let request = match (changes.into_option(), draft.into_option()) {
        (Some(changes), _) => {
            let (update, read_only) = changes.into_message(profile_id, Vec::new(), &mut inner);
            for name in read_only.names() {
                inner.add(name, "cannot be changed");
            }
            // Which profile is the default exposes nothing.
            let mut update_mask = update.update_mask.unwrap_or_default();
            update_mask.paths.retain(|path| path != "is_default");
            PreviewChangeRequest {
                profile_id: update.profile_id,
                profile: update.profile,
                update_mask: Some(update_mask),
                is_active: update.is_active,
                nodes,
            }
        }
        (None, Some(draft)) => {
            let creation = draft.into_message(&mut inner);
            PreviewChangeRequest { profile_id, profile: creation.profile, update_mask: None, is_active: None, nodes }
        }
        (None, None) => PreviewChangeRequest { profile_id, nodes, ..PreviewChangeRequest::default() },
    };
    let member = if request.update_mask.is_some() { "changes" } else { "draft" };
    errors.append(renamed(&inner, |path| format!("{member}.{path}")));
    request
}

/// The path of a field that the service names.
fn path_of(path: &str, member: &str) -> String {
    let is_of_request = path.starts_with("nodes") || path == "profile_id";
    if is_of_request { path.to_owned() } else { format!("{member}.{path}") }
}

fn example(example: wire::ExampleNode) -> ExampleBody {
    let wire::ExampleNode { text, node } = example;
    let NodeDescription { id, node_type, tags, schema_id, created_at } = node.unwrap_or_default();
    let given = |text: String| (!text.is_empty()).then_some(text);
    let tag = |wire::Tag { id, name }| ExampleTag { id: given(id), name: given(name) };
    ExampleBody {
        text,
        id,
        node_type,
        tags: tags.into_iter().map(tag).collect(),
        schema_id,
        created_at: created_at.map(timestamp::written),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_fields_of_the_request() {
        assert_eq!(path_of("tag_filters.include_any[3]", "changes"), "changes.tag_filters.include_any[3]");
        assert_eq!(path_of("name", "draft"), "draft.name");
        assert_eq!(path_of("nodes[2].id", "draft"), "nodes[2].id");
        assert_eq!(path_of("nodes", "changes"), "nodes");
    }
}
