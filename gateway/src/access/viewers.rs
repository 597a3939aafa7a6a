//! Who sees one node of the caller's: people and apps.

use axum::{body::Body, extract::State, response::Response};
use http::{Request, Uri};
use ofself_proto::{
    exposure::{ListNodeAppsRequest, ListNodeAppsResponse, NodeApp},
    sharing::{ListNodeViewersRequest, ListNodeViewersResponse, Viewer},
};
use prost::Message;
use serde::{Deserialize, Serialize};
use types::FieldErrors;
use utoipa::ToSchema;

use super::{
    Action, actions, checked, next_page,
    node::{DescribedNode, NodeBody},
    pair_token,
};
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::{
        body::read_body,
        query::{Query, TokenPage},
    },
    json::Field,
    upstream::{Call, Upstreams},
};

/// A node of the caller's
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "node": {
        "id": "n1", "tags": [{"id": "tag-uuid-1", "name": "holiday"}], "graph_root_ids": [], "node_type": "EXPERIENCE",
        "created_at": "2026-11-21T09:00:00Z"
    }
}))]
pub(crate) struct NodeQuestion {
    #[schema(value_type = NodeBody)]
    node: Field<NodeBody>,
}

/// A person who can act on the node
#[derive(Serialize, ToSchema)]
#[schema(as = NodeViewer)]
struct ViewerBody {
    user_id: String,
    /// What they can do
    actions: Vec<Action>,
    /// The shares that allow it, oldest first
    share_ids: Vec<String>,
}

/// The decision about the node for one app
#[derive(Serialize, ToSchema)]
#[schema(as = NodeApp)]
struct NodeAppBody {
    app_id: String,
    /// Whether the app sees the node
    visible: bool,
    /// The deciding rule of the app's profile
    reason: String,
}

/// Who sees a node
#[derive(Serialize, ToSchema)]
#[schema(as = NodeViewersPage, example = json!({
    "people": [{"user_id": "bob", "actions": ["read"], "share_ids": ["0198c0de-0000-7000-8000-000000000001"]}],
    "apps": [{"app_id": "reading-list", "visible": false, "reason": "hidden; it would be exposed but for is_active: the profile is inactive"}],
    "next_page_token": null
}))]
pub(crate) struct ViewersBody {
    /// Everyone but the caller who can act on the node, ordered by id
    people: Vec<ViewerBody>,
    /// Every app with a grant, ordered by id; `null`: `node_type` and `created_at` are not given
    #[schema(required)]
    apps: Option<Vec<NodeAppBody>>,
    /// The `page_token` of the next page, which has the people and apps after these; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists who can act on a node of the caller's, and which apps see it
#[utoipa::path(
    post,
    path = "/access/viewers",
    operation_id = "ListNodeViewers",
    tag = "Access",
    params(TokenPageParams),
    request_body = NodeQuestion,
    responses((status = 200, description = "A page of people and apps", body = ViewersBody)),
)]
pub(crate) async fn list(
    State(upstreams): State<Upstreams>,
    call: Call,
    uri: Uri,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let TokenPage { size, token } = Query::token_page_of(&uri)?;
    let (people, apps) = pair_token::parse(&token).unwrap_or_else(|| {
        errors.add("page_token", "must be the next_page_token of an earlier response");
        Default::default()
    });
    let NodeQuestion { node } = read_body(request, &mut errors).await?;
    let Some(node) = node.into_option() else {
        errors.add_unless_known("node", "is required");
        return Err(ApiError::validation(errors));
    };
    let DescribedNode { node, description, is_described } = node.into_messages("node", &mut errors);
    // A list that is not requested keeps its position.
    let (apps, waiting) = if is_described { (apps, None) } else { (None, apps) };

    let mut sharing = upstreams.access();
    let mut exposure = upstreams.exposure_access();
    let viewers = async {
        let Some(page_token) = people else { return Ok(None) };
        let message = ListNodeViewersRequest { node: Some(node), page_size: size, page_token };
        let request = upstreams.request(&call, message)?;
        Ok(Some(sharing.list_node_viewers(request).await?.into_inner()))
    };
    let decisions = async {
        let Some(page_token) = apps else { return Ok(None) };
        let message = ListNodeAppsRequest { node: Some(description), page_size: size, page_token };
        let request = upstreams.request(&call, message)?;
        Ok(Some(exposure.list_node_apps(request).await?.into_inner()))
    };
    let (viewers, decisions): (Result<_, ApiError>, Result<_, ApiError>) = tokio::join!(viewers, decisions);
    let viewers = checked(viewers, &mut errors, str::to_owned)?;
    let decisions = checked(decisions, &mut errors, str::to_owned)?;
    if !errors.is_empty() {
        return Err(ApiError::validation(errors));
    }
    let ListNodeViewersResponse { viewers, checked_at: _, next_page_token: next_people } = viewers.unwrap_or_default();
    let ListNodeAppsResponse { apps, checked_at: _, next_page_token: next_apps } = decisions.unwrap_or_default();
    let next_people = next_page(next_people);
    let waiting = waiting.filter(|_| next_people.is_some());
    let next_apps = next_page(next_apps).or(waiting);
    let bytes =
        viewers.iter().map(Message::encoded_len).sum::<usize>() + apps.iter().map(Message::encoded_len).sum::<usize>();
    answer::page(bytes, move || ViewersBody {
        people: viewers.into_iter().map(viewer).collect(),
        apps: is_described.then(|| apps.into_iter().map(app).collect()),
        next_page_token: pair_token::write(next_people.as_deref(), next_apps.as_deref()),
    })
    .await
}

fn viewer(viewer: Viewer) -> ViewerBody {
    let Viewer { viewer_id, actions: allowed, share_ids } = viewer;
    ViewerBody { user_id: viewer_id, actions: actions(&allowed), share_ids }
}

fn app(app: NodeApp) -> NodeAppBody {
    let NodeApp { app_id, exposed, reason } = app;
    NodeAppBody { app_id, visible: exposed, reason }
}
