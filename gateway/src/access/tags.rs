//! The names of the caller's tags.

use axum::{extract::State, response::Response};
use http::Uri;
use ofself_proto::exposure::{ListTagsRequest, Tag};
use prost::Message;
use serde::Serialize;
use utoipa::ToSchema;

use super::next_page;
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{Query, TokenPage},
    upstream::{Call, Upstreams},
};

/// A tag of the caller's
#[derive(Serialize, ToSchema)]
#[schema(as = NamedTag)]
struct NamedTag {
    id: String,
    name: String,
}

/// A page of tags
#[derive(Serialize, ToSchema)]
#[schema(as = TagsPage, example = json!({
    "tags": [{"id": "tag-uuid-1", "name": "holiday"}], "next_page_token": null
}))]
pub(crate) struct TagsBody {
    /// Ordered by id; empty where no service sends tags
    tags: Vec<NamedTag>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists the tags of the caller with their names, as the tag directory has them
#[utoipa::path(
    get,
    path = "/access/tags",
    operation_id = "ListTags",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of tags, ordered by id", body = TagsBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token: page_token } = Query::token_page_of(&uri)?;
    let request = upstreams.request(&call, ListTagsRequest { page_size, page_token })?;
    let page = upstreams.exposure_access().list_tags(request).await?.into_inner();
    answer::page(page.encoded_len(), move || TagsBody {
        tags: page.tags.into_iter().map(|Tag { id, name }| NamedTag { id, name }).collect(),
        next_page_token: next_page(page.next_page_token),
    })
    .await
}
