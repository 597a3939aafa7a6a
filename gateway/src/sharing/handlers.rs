//! One handler an endpoint.

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::{HeaderMap, Request, Uri};
use ofself_proto::sharing::{
    GetShareRequest, ListIncomingSharesRequest, ListOutgoingSharesRequest, RevokeShareRequest, Share,
};
use prost::Message;
use serde::Deserialize;
use types::FieldErrors;
use utoipa::IntoParams;

use super::{
    requests::{NewShare, ShareChange},
    responses::{ShareBody, SharesBody, body, entity},
};
use crate::{
    BASE,
    answer::{self, Paging},
    body_errors::merge_validation_errors,
    description::{IdempotencyKeyParam, IfMatchParam, IfNoneMatchParam, PageParams, ValidateOnlyParam},
    error::{ApiError, ErrorCode},
    http::{
        body::read_body,
        entity_tag::expected_versions,
        idempotency_key::idempotency_key,
        query::{NoQuery, PageQuery, Query, ValidateOnlyQuery},
    },
    upstream::{Call, Upstreams},
};

/// The share that a path names
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct ShareIdParam {
    /// The id of a share; one that is no UUID is not found
    #[param(example = "0198c0de-0000-7000-8000-000000000001")]
    share_id: String,
}

pub(crate) type ShareId = Result<Path<ShareIdParam>, PathRejection>;

/// Shares nodes with another person
#[utoipa::path(
    post,
    path = "/sharing",
    operation_id = "CreateShare",
    tag = "Sharing",
    params(IdempotencyKeyParam, ValidateOnlyParam),
    request_body = NewShare,
    responses(
        (status = 201, description = "The share that was created", body = ShareBody),
        (status = 200, description = "With `validate_only`: the share after the change", body = ShareBody),
    ),
)]
pub(crate) async fn create(
    State(upstreams): State<Upstreams>,
    call: Call,
    ValidateOnlyQuery(validate_only): ValidateOnlyQuery,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let key = idempotency_key(&headers, &mut errors);
    let mut message = read_body::<NewShare>(request, &mut errors).await?.into_message();
    let mut sharing = upstreams.sharing();
    if !errors.is_empty() {
        message.validate_only = true;
        let checked = sharing.create_share(upstreams.request(&call, message)?).await;
        return Err(merge_validation_errors(errors, checked.err()));
    }
    if validate_only {
        message.dry_run = true;
        let checked = sharing.create_share(upstreams.request(&call, message)?).await?.into_inner();
        return answer::unsaved(&body(checked.share.ok_or_else(ApiError::internal)?));
    }
    let request = upstreams.repeatable_request(&call, message, key.as_ref())?;
    let created = sharing.create_share(request).await?.into_inner();
    let location =
        format!("{BASE}/sharing/{}", created.share.as_ref().map(|share| share.id.as_str()).unwrap_or_default());
    Ok(answer::stamped(entity(created.share)?.created(&location, created.replayed)?, &created.written_at))
}

/// Lists the shares that the caller granted
#[utoipa::path(
    get,
    path = "/sharing/outgoing",
    operation_id = "ListOutgoingShares",
    tag = "Sharing",
    params(PageParams),
    responses((status = 200, description = "A page of shares, newest first", body = SharesBody)),
)]
pub(crate) async fn outgoing(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let (PageQuery { limit, offset }, is_active) = list_query(&uri)?;
    let request = upstreams.request(&call, ListOutgoingSharesRequest { limit, offset, is_active })?;
    let page = upstreams.sharing().list_outgoing_shares(request).await?.into_inner();
    let paging = Paging::new(page.shares.len(), page.total, page.limit, page.offset);
    listed(page.encoded_len(), page.shares, paging).await
}

/// Lists the shares that were granted to the caller
#[utoipa::path(
    get,
    path = "/sharing/incoming",
    operation_id = "ListIncomingShares",
    tag = "Sharing",
    params(PageParams),
    responses((status = 200, description = "A page of shares, newest first", body = SharesBody)),
)]
pub(crate) async fn incoming(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let (PageQuery { limit, offset }, is_active) = list_query(&uri)?;
    let request = upstreams.request(&call, ListIncomingSharesRequest { limit, offset, is_active })?;
    let page = upstreams.sharing().list_incoming_shares(request).await?.into_inner();
    let paging = Paging::new(page.shares.len(), page.total, page.limit, page.offset);
    listed(page.encoded_len(), page.shares, paging).await
}

/// Gets a share, for its owner, its recipient and the person who re-shared it
#[utoipa::path(
    get,
    path = "/sharing/{share_id}",
    operation_id = "GetShare",
    tag = "Sharing",
    params(ShareIdParam, IfNoneMatchParam),
    responses((status = 200, description = "The share", body = ShareBody)),
)]
pub(crate) async fn get(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    share_id: ShareId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, GetShareRequest { share_id: named(share_id)? })?;
    let found = upstreams.sharing().get_share(request).await?.into_inner();
    Ok(answer::unless_known(&headers, entity(found.share)?.ok()))
}

/// Updates a share; for its owner, or the person who re-shared it
#[utoipa::path(
    put,
    path = "/sharing/{share_id}",
    operation_id = "UpdateShare",
    tag = "Sharing",
    params(ShareIdParam, IfMatchParam, ValidateOnlyParam),
    request_body = ShareChange,
    responses((status = 200, description = "The changed share", body = ShareBody)),
)]
pub(crate) async fn update(
    State(upstreams): State<Upstreams>,
    call: Call,
    ValidateOnlyQuery(validate_only): ValidateOnlyQuery,
    share_id: ShareId,
    headers: HeaderMap,
    request: Request<Body>,
) -> Result<Response, ApiError> {
    let mut errors = FieldErrors::new();
    let share_id = named(share_id)?;
    let expected = expected_versions(&headers);
    let changes: ShareChange = read_body(request, &mut errors).await?;
    let (mut message, read_only) = changes.into_message(share_id.clone(), expected);
    let mut sharing = upstreams.sharing();
    if !read_only.is_empty() {
        let current = sharing.get_share(upstreams.request(&call, GetShareRequest { share_id })?).await?.into_inner();
        read_only.compare(&body(current.share.ok_or_else(ApiError::internal)?), &mut errors);
    }
    if !errors.is_empty() {
        message.validate_only = true;
        let checked = sharing.update_share(upstreams.request(&call, message)?).await;
        return Err(merge_validation_errors(errors, checked.err()));
    }
    message.dry_run = validate_only;
    let updated = sharing.update_share(upstreams.request(&call, message)?).await?.into_inner();
    if validate_only {
        return answer::unsaved(&body(updated.share.ok_or_else(ApiError::internal)?));
    }
    Ok(answer::stamped(entity(updated.share)?.ok(), &updated.written_at))
}

/// Revokes a share permanently; for its owner, or the person who re-shared it
#[utoipa::path(
    delete,
    path = "/sharing/{share_id}",
    operation_id = "RevokeShare",
    tag = "Sharing",
    params(ShareIdParam, IfMatchParam),
    responses((status = 200, description = "The revoked share; the operation is idempotent", body = ShareBody)),
)]
pub(crate) async fn revoke(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    share_id: ShareId,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let message = RevokeShareRequest { share_id: named(share_id)?, expected_versions: expected_versions(&headers) };
    let revoked = upstreams.sharing().revoke_share(upstreams.request(&call, message)?).await?.into_inner();
    Ok(answer::stamped(entity(revoked.share)?.ok(), &revoked.written_at))
}

/// An id that cannot even be read from the path names no share.
pub(crate) fn named(share_id: ShareId) -> Result<String, ApiError> {
    share_id
        .map(|Path(ShareIdParam { share_id })| share_id)
        .map_err(|_| ApiError::new(ErrorCode::ShareNotFound, "there is no such share"))
}

fn list_query(uri: &Uri) -> Result<(PageQuery, Option<bool>), ApiError> {
    let mut query = Query::parse(uri.query());
    let (page, is_active) = (query.page(), query.boolean("is_active"));
    query.finish()?;
    Ok((page, is_active))
}

async fn listed(bytes: usize, shares: Vec<Share>, paging: Paging) -> Result<Response, ApiError> {
    answer::page(bytes, move || SharesBody { shares: shares.into_iter().map(body).collect(), paging }).await
}
