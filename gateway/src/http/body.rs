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
/// The most values in a body: a value of two bytes takes some hundred in memory.
const MAX_VALUES: usize = 100_000;
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
    if has_too_many_values(text) {
        return Err(ApiError::new(ErrorCode::PayloadTooLarge, format!("the body has more than {MAX_VALUES} values")));
    }
    let body: Json = serde_json::from_slice(text)
        .map_err(|error| ApiError::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")))?;
    if !body.is_object() {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body must be a JSON object"));
    }
    Ok(json::read(body, errors))
}

/// Whether a JSON text has more than [`MAX_VALUES`]: each follows a bracket or a comma.
fn has_too_many_values(text: &[u8]) -> bool {
    let (mut values, mut is_string, mut is_escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_string,
            b'"' => is_string = !is_string,
            b',' | b'[' | b'{' if !is_string => values += 1,
            _ => {}
        }
    }
    values > MAX_VALUES
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (kinds.next().and_then(|kind| kind.to_str().ok()), kinds.next()) else { return false };
    let essence = kind.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_outside_of_strings() {
        let list = |count: usize| format!("[{}]", vec!["0"; count].join(","));
        assert!(!has_too_many_values(list(MAX_VALUES).as_bytes()));
        assert!(has_too_many_values(list(MAX_VALUES + 1).as_bytes()));
        let text = serde_json::to_string(&",[{\"\\".repeat(MAX_VALUES)).unwrap();
        assert!(!has_too_many_values(text.as_bytes()));
        let nested = format!("{}1{}", r#"{"a":["#.repeat(MAX_VALUES), "]}".repeat(MAX_VALUES));
        assert!(has_too_many_values(nested.as_bytes()));
    }
}
