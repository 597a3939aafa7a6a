//! The body of a request.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::{
    error::{ApiError, ErrorCode},
    json::Json,
};

/// The largest body that is read.
const MAX_BYTES: usize = 256 * 1024;

/// A body that takes longer to arrive is given up.
const PATIENCE: Duration = Duration::from_secs(10);

/// The members of the JSON object that a body is.
pub async fn object(request: Request<Body>) -> Result<Vec<(String, Json)>, ApiError> {
    let (head, body) = request.into_parts();
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, MAX_BYTES).collect());
    let Ok(bytes) = whole.await else {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time"));
    };
    let bytes = bytes.map_err(|error| {
        if error.is::<LengthLimitError>() {
            ApiError::new(ErrorCode::PayloadTooLarge, "the body is larger than 256 KiB")
        } else {
            ApiError::new(ErrorCode::MalformedJson, "the body ended before it was whole")
        }
    })?;
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
