//! On whose data the caller can act.

use axum::{extract::State, response::Response};
use http::Uri;
use ofself_proto::sharing::{AccessibleOwner, ListAccessibleOwnersRequest};
use prost::Message;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Action, actions, next_page};
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{Query, TokenPage},
    upstream::{Call, Upstreams},
};

/// A person on some of whose data the caller can act
#[derive(Serialize, ToSchema)]
#[schema(as = AccessibleOwner)]
struct OwnerBody {
    owner_id: String,
    /// What the caller can do, each on the nodes of any share
    actions: Vec<Action>,
    /// The shares that allow it, oldest first
    share_ids: Vec<String>,
}

/// A page of owners
#[derive(Serialize, ToSchema)]
#[schema(as = OwnersPage, example = json!({
    "owners": [{
        "owner_id": "alice", "actions": ["read"], "share_ids": ["0198c0de-0000-7000-8000-000000000001"]
    }],
    "next_page_token": null
}))]
pub(crate) struct OwnersBody {
    /// Ordered by id; a page may be short, or empty, without being the last
    owners: Vec<OwnerBody>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists everyone on some of whose data the caller can act
#[utoipa::path(
    get,
    path = "/access/owners",
    operation_id = "ListAccessibleOwners",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of owners, ordered by id", body = OwnersBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token: page_token } = Query::token_page_of(&uri)?;
    let request = upstreams.request(&call, ListAccessibleOwnersRequest { page_size, page_token })?;
    let page = upstreams.access().list_accessible_owners(request).await?.into_inner();
    answer::page(page.encoded_len(), move || OwnersBody {
        owners: page.owners.into_iter().map(owner).collect(),
        next_page_token: next_page(page.next_page_token),
    })
    .await
}

fn owner(owner: AccessibleOwner) -> OwnerBody {
    let AccessibleOwner { owner_id, actions: allowed, share_ids } = owner;
    OwnerBody { owner_id, actions: actions(&allowed), share_ids }
}
