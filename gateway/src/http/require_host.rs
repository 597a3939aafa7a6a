//! The layer that rejects a request whose `Host` is missing, repeated or invalid.

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http_server::validate_host;
use types::FieldErrors;

use crate::error::ApiError;

pub(crate) async fn require_host(request: Request, next: Next) -> Response {
    match validate_host(&request) {
        Ok(()) => next.run(request).await,
        Err(message) => {
            let mut errors = FieldErrors::new();
            errors.add("Host", message);
            ApiError::validation(errors).into_response()
        }
    }
}
