//! People whom the caller blocked.

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::Response,
};
use http::Uri;
use ofself_proto::sharing::{BlockPersonRequest, ListBlockedPeopleRequest, UnblockPersonRequest};
use serde::{Deserialize, Serialize};
use types::{FieldErrors, Id, User};
use utoipa::{IntoParams, ToSchema};

use super::{checked, next_page};
use crate::{
    answer,
    description::TokenPageParams,
    error::ApiError,
    http::query::{NoQuery, Query, TokenPage},
    upstream::{Call, Upstreams},
};

/// The person that a path names
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct UserIdParam {
    /// The id of a person
    #[param(example = "bob")]
    user_id: String,
}

type UserId = Result<Path<UserIdParam>, PathRejection>;

/// A page of blocked people
#[derive(Serialize, ToSchema)]
#[schema(as = BlockedPage, example = json!({"blocked": ["mallory"], "next_page_token": null}))]
pub(crate) struct BlockedBody {
    /// Ids of people, in order
    blocked: Vec<String>,
    /// The `page_token` of the next page; `null`: there is none
    #[schema(required)]
    next_page_token: Option<String>,
}

/// Lists the people whom the caller blocked
#[utoipa::path(
    get,
    path = "/access/blocked",
    operation_id = "ListBlockedPeople",
    tag = "Access",
    params(TokenPageParams),
    responses((status = 200, description = "A page of ids, in order", body = BlockedBody)),
)]
pub(crate) async fn list(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let TokenPage { size: page_size, token: page_token } = Query::token_page_of(&uri)?;
    let request = upstreams.request(&call, ListBlockedPeopleRequest { page_size, page_token })?;
    let page = upstreams.access().list_blocked_people(request).await?.into_inner();
    answer::ok(&BlockedBody { blocked: page.person_ids, next_page_token: next_page(page.next_page_token) })
}

/// Blocks a person: nothing of their own data counts for the caller, however it is shared
#[utoipa::path(
    put,
    path = "/access/blocked/{user_id}",
    operation_id = "BlockPerson",
    tag = "Access",
    params(UserIdParam),
    responses((status = 204, description = "The person is blocked; the operation is idempotent")),
)]
pub(crate) async fn block(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    user_id: UserId,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, BlockPersonRequest { person_id: named(user_id)? })?;
    let blocked = upstreams.access().block_person(request).await.map_err(ApiError::from);
    of_path(blocked)?;
    Ok(answer::no_content())
}

/// Ends a block
#[utoipa::path(
    delete,
    path = "/access/blocked/{user_id}",
    operation_id = "UnblockPerson",
    tag = "Access",
    params(UserIdParam),
    responses((status = 204, description = "The person is not blocked; the operation is idempotent")),
)]
pub(crate) async fn unblock(
    State(upstreams): State<Upstreams>,
    call: Call,
    _: NoQuery,
    user_id: UserId,
) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, UnblockPersonRequest { person_id: named(user_id)? })?;
    let unblocked = upstreams.access().unblock_person(request).await.map_err(ApiError::from);
    of_path(unblocked)?;
    Ok(answer::no_content())
}

/// The id of a path.
fn named(user_id: UserId) -> Result<String, ApiError> {
    let id = user_id.map(|Path(UserIdParam { user_id })| user_id).unwrap_or_default();
    match Id::<User>::check(&id) {
        Ok(()) => Ok(id),
        Err(error) => {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Err(ApiError::validation(errors))
        }
    }
}

/// The same with errors of the field that the path has.
fn of_path<T>(response: Result<T, ApiError>) -> Result<T, ApiError> {
    let mut errors = FieldErrors::new();
    let response = checked(response.map(Some), &mut errors, |_| "user_id".to_owned())?;
    response.ok_or_else(|| ApiError::validation(errors))
}
