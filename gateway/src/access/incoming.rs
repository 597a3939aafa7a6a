//! Shares that the caller received.

use axum::{extract::State, response::Response};
use ofself_proto::sharing::LeaveShareRequest;

use crate::{
    answer,
    error::ApiError,
    http::query::NoQuery,
    sharing::handlers::{ShareId, ShareIdParam, named},
    upstream::{Call, Upstreams},
};

/// Leaves a share that the caller received; everything that was re-shared from it ends too
#[utoipa::path(
    delete,
    path = "/access/incoming/{share_id}",
    operation_id = "LeaveShare",
    tag = "Access",
    params(ShareIdParam),
    responses((status = 204, description = "The share is revoked; the operation is idempotent")),
)]
pub(crate) async fn leave(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    share_id: ShareId,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, LeaveShareRequest { share_id: named(share_id)? })?;
    let left = upstreams.access().leave_share(request).await?.into_inner();
    Ok(answer::stamped(answer::no_content(), &left.written_at))
}
