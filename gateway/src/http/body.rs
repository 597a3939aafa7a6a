//! The body of a request.

use std::{mem, time::Duration};

use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use types::FieldErrors;

use super::cpu_work::run_sized;
use crate::{
    error::{ApiError, ErrorCode},
    json::{self, Json},
};

/// The largest body that most routes read.
pub(crate) const MAX_BYTES: usize = 256 * 1024;
/// Timeout of a request body.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A byte order mark, which some programs write before UTF-8; a parser may ignore it (RFC 8259, 8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Rejects a body by its headers, before any of it is read: a client that expects `100 Continue` is answered without sending it.
pub(super) fn validate_headers(headers: &HeaderMap, max_bytes: usize) -> Result<(), ApiError> {
    if !is_json(headers) {
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, "send the body as application/json"));
    }
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        let message = "send the body without Content-Encoding: a compressed body is not read";
        return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
    }
    // A length that is no number never gets here.
    let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > max_bytes as u64) { Err(too_large(max_bytes)) } else { Ok(()) }
}

/// The error of a body that is larger.
pub(super) fn too_large(max_bytes: usize) -> ApiError {
    ApiError::new(ErrorCode::PayloadTooLarge, format!("the body is larger than {} KiB", max_bytes / 1024))
}

/// Reads a body that is a JSON object. Members that are not of their type are added to `errors`.
pub(crate) async fn read_body<T: DeserializeOwned + Default + Send + 'static>(
    request: Request<Body>,
    errors: &mut FieldErrors,
) -> Result<T, ApiError> {
    // Admission has validated its headers and buffered all of it.
    let bytes = request.into_body().collect().await.map_err(|_| ApiError::internal())?.to_bytes();
    let mut found = mem::take(errors);
    let (body, found) = run_sized(bytes.len(), move || (parse(&bytes, &mut found), found)).await?;
    *errors = found;
    body
}

fn parse<T: DeserializeOwned + Default>(bytes: &[u8], errors: &mut FieldErrors) -> Result<T, ApiError> {
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let body: Json = serde_json::from_slice(text)
        .map_err(|error| ApiError::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")))?;
    if !body.is_object() {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body must be a JSON object"));
    }
    Ok(json::read(body, errors))
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next().and_then(|kind| kind.to_str().ok()), kinds.next()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}
