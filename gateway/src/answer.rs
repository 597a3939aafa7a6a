//! Successful responses.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    http::{cpu_work::run_sized, entity_tag},
};

/// Marks the response to a repeated POST that changed nothing.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The version that a change made. A request that has it gets a response that is at least as fresh.
pub(crate) const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("x-consistency-token");

/// The response to a change, with its consistency token.
pub(crate) fn stamped(mut response: Response, written_at: &str) -> Response {
    if !written_at.is_empty()
        && let Ok(token) = HeaderValue::from_str(written_at)
    {
        response.headers_mut().insert(CONSISTENCY_TOKEN, token);
    }
    response
}

/// One row, as its owner sees it.
pub(crate) struct Entity {
    tag: HeaderValue,
    bytes: Vec<u8>,
}

/// A page of rows, under the name of their kind.
#[derive(Serialize, ToSchema)]
pub(crate) struct Paging {
    /// Rows in all
    total: i64,
    /// Rows on a page at most
    limit: i32,
    /// Rows before this page
    offset: i64,
    /// Whether there are rows after this page
    has_next: bool,
    /// Whether there are rows before it
    has_prev: bool,
}

impl Paging {
    /// The position of a page of `rows` in its list.
    pub(crate) fn new(rows: usize, total: i64, limit: i32, offset: i64) -> Self {
        let end = offset.saturating_add(i64::try_from(rows).unwrap_or(i64::MAX));
        Self { total, limit, offset, has_next: rows > 0 && end < total, has_prev: offset > 0 && total > 0 }
    }
}

/// A page of rows, whose message had so many `bytes`. The JSON of a large one is written off the async workers.
pub(crate) async fn page<T: Serialize>(
    bytes: usize,
    body: impl FnOnce() -> T + Send + 'static,
) -> Result<Response, ApiError> {
    run_sized(bytes, move || json(StatusCode::OK, &body())).await?
}

/// The response 204.
pub(crate) fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The response 200 with a body that is no entity.
pub(crate) fn ok(body: &impl Serialize) -> Result<Response, ApiError> {
    json(StatusCode::OK, body)
}

/// A JSON body.
fn json(status: StatusCode, body: &impl Serialize) -> Result<Response, ApiError> {
    let bytes = serde_json::to_vec(body).map_err(|_| ApiError::internal())?;
    Ok((status, [(header::CONTENT_TYPE, "application/json")], bytes).into_response())
}

impl Entity {
    /// A row at `version`, shown as `body`.
    pub(crate) fn new(version: i64, body: &impl Serialize) -> Result<Self, ApiError> {
        let bytes = serde_json::to_vec(body).map_err(|_| ApiError::internal())?;
        let tag = entity_tag::entity_tag(version, &bytes).ok_or_else(ApiError::internal)?;
        Ok(Self { tag, bytes })
    }

    /// The same entity and tag, with additional members.
    pub(crate) fn with_more(self, body: &impl Serialize) -> Result<Self, ApiError> {
        let bytes = serde_json::to_vec(body).map_err(|_| ApiError::internal())?;
        Ok(Self { bytes, ..self })
    }

    /// The row was made, or was made before by the same request.
    pub(crate) fn created(self, path: &str, replayed: bool) -> Result<Response, ApiError> {
        let mut response = self.shown(StatusCode::CREATED, replayed);
        let location = HeaderValue::from_str(path).map_err(|_| ApiError::internal())?;
        response.headers_mut().insert(header::LOCATION, location);
        Ok(response)
    }

    /// The response 200, possibly of an equal earlier request.
    pub(crate) fn found(self, replayed: bool) -> Response {
        self.shown(StatusCode::OK, replayed)
    }

    /// The response 200.
    pub(crate) fn ok(self) -> Response {
        self.shown(StatusCode::OK, false)
    }

    fn shown(self, status: StatusCode, replayed: bool) -> Response {
        let mut response = (status, [(header::CONTENT_TYPE, "application/json")], self.bytes).into_response();
        response.headers_mut().insert(header::ETAG, self.tag);
        if replayed {
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// The response to `validate_only`: the entity after the change, without an id.
pub(crate) fn unsaved(body: &impl Serialize) -> Result<Response, ApiError> {
    let mut body = serde_json::to_value(body).map_err(|_| ApiError::internal())?;
    if let Some(id) = body.get_mut("id") {
        *id = Value::Null;
    }
    json(StatusCode::OK, &body)
}

/// `response`, or 304 if the client has it already.
pub(crate) fn unless_known(request: &HeaderMap, response: Response) -> Response {
    let Some(tag) = response.headers().get(header::ETAG) else { return response };
    if !entity_tag::is_known(request, tag) {
        return response;
    }
    let mut unchanged = StatusCode::NOT_MODIFIED.into_response();
    for name in [header::ETAG, header::VARY] {
        if let Some(value) = response.headers().get(&name) {
            unchanged.headers_mut().insert(name, value.clone());
        }
    }
    unchanged
}
