//! Erases the caller, in two calls.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, Uri};
use ofself_proto::{
    exposure::{self, RequestErasureRequest},
    sharing,
};
use serde::Serialize;
use types::FieldErrors;
use utoipa::{IntoParams, ToSchema};

use crate::{
    answer,
    error::{ApiError, ErrorCode},
    http::query::{NoQuery, Query},
    timestamp,
    upstream::{Call, Upstreams},
};

/// A confirmation, which the erasure takes
#[derive(Serialize, ToSchema)]
#[schema(as = ErasureConfirmation, example = json!({"confirmation": "v1.1764317400000000.5f3c", "expires_at": "2026-11-28T08:10:00Z"}))]
pub(crate) struct ConfirmationBody {
    /// The `confirmation` of `DELETE /access/me`
    confirmation: String,
    /// From this time it is rejected
    #[schema(required, value_type = String, format = DateTime)]
    expires_at: Option<String>,
}

/// How far the erasure is
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure, example = json!({"state": "pending"}))]
pub(crate) struct ErasureBody {
    state: Progress,
}

/// The state of an erasure
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErasureState)]
enum Progress {
    /// Not everything is revoked yet
    Pending,
    /// Everything is revoked, and will be removed
    Revoked,
    /// Nothing is stored about the caller
    Erased,
}

/// The confirmation of the erasure
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
struct ConfirmationParam {
    /// From `POST /access/erasure`
    #[param(example = "v1.1764317400000000.5f3c")]
    confirmation: String,
}

/// Begins the erasure of the caller: returns a confirmation, and erases nothing
#[utoipa::path(
    post,
    path = "/access/erasure",
    operation_id = "RequestErasure",
    tag = "Access",
    responses((status = 200, description = "A confirmation, which is accepted for an hour", body = ConfirmationBody)),
)]
pub(crate) async fn request(State(upstreams): State<Upstreams>, call: Call, _: NoQuery) -> Result<Response, ApiError> {
    let request = upstreams.request(&call, RequestErasureRequest {})?;
    let issued = upstreams.exposure_access().request_erasure(request).await?.into_inner();
    let expires_at = issued.expires_at.map(timestamp::written);
    answer::ok(&ConfirmationBody { confirmation: issued.confirmation, expires_at })
}

/// Erases everything about the caller
#[utoipa::path(
    delete,
    path = "/access/me",
    operation_id = "EraseMyData",
    tag = "Access",
    params(ConfirmationParam),
    responses((status = 202, description = "The erasure has begun; the same call again reports how far it is", body = ErasureBody)),
)]
pub(crate) async fn erase(State(upstreams): State<Upstreams>, call: Call, uri: Uri) -> Result<Response, ApiError> {
    let mut query = Query::parse(uri.query());
    let confirmation = query.text("confirmation");
    query.finish()?;
    let Some(confirmation) = confirmation else {
        let mut errors = FieldErrors::new();
        errors.add("confirmation", "is required; POST /access/erasure returns one");
        return Err(ApiError::validation(errors));
    };
    // This service knows the confirmation.
    let request = upstreams.request(&call, exposure::EraseMyDataRequest { confirmation })?;
    let of_exposure = upstreams.exposure_access().erase_my_data(request).await?.into_inner().state();
    let request = upstreams.request(&call, sharing::EraseMyDataRequest {})?;
    let of_sharing = upstreams.access().erase_my_data(request).await.map_err(|status| {
        let error = ApiError::from(status);
        let message = "profiles and grants are being erased, shares are not; repeat the request";
        ApiError::new(ErrorCode::ServiceUnavailable, message).with_retry_of(&error)
    })?;
    let of_exposure = match of_exposure {
        exposure::ErasureState::Unspecified | exposure::ErasureState::Pending => Progress::Pending,
        exposure::ErasureState::Revoked => Progress::Revoked,
        exposure::ErasureState::Erased => Progress::Erased,
    };
    let of_sharing = match of_sharing.into_inner().state() {
        sharing::ErasureState::Unspecified | sharing::ErasureState::Pending => Progress::Pending,
        sharing::ErasureState::Revoked => Progress::Revoked,
        sharing::ErasureState::Erased => Progress::Erased,
    };
    let body = answer::ok(&ErasureBody { state: of_exposure.min(of_sharing) })?;
    Ok((StatusCode::ACCEPTED, body).into_response())
}
