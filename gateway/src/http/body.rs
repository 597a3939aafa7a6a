//! The body of a request.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;

use crate::{
    error::{ApiError, ErrorCode},
    json::Json,
};

/// The largest body that is read.
pub(super) const MAX_BYTES: usize = 256 * 1024;
/// A body that takes longer to arrive is given up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The members of the JSON object that a body is.
pub(crate) async fn object(request: Request<Body>) -> Result<Vec<(String, Json)>, ApiError> {
    let (head, body) = request.into_parts();
    // It was let in whole, and no larger than it may be.
    let bytes = body.collect().await.map_err(|_| ApiError::internal())?;
    if !is_json(&head.headers) {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "send the body as application/json"));
    }
    let value: Json = serde_json::from_slice(&bytes.to_bytes())
        .map_err(|error| ApiError::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")))?;
    Json::into_object(value).ok_or_else(|| ApiError::new(ErrorCode::MalformedJson, "the body must be a JSON object"))
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
