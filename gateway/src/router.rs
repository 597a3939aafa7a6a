//! The URL map.

use axum::{
    Router,
    extract::State,
    middleware::{from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use service_kit::admin::Readiness;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use tracing::error;

use crate::{
    auth::{Authentication, require_caller},
    error::{ApiError, ErrorCode},
    exposure_profiles,
    http::{
        admission::{Admission, admit},
        context::{TRACEPARENT, X_REQUEST_ID, with_context},
        requests,
    },
    sharing,
    upstream::Upstreams,
};

/// Where the API begins.
pub const BASE: &str = "/api/v1";

/// Headers that a page of another origin may send.
const ACCEPTED: [HeaderName; 7] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    X_REQUEST_ID,
    TRACEPARENT,
];

/// Headers that a page of another origin may read.
const EXPOSED: [HeaderName; 10] = [
    header::ETAG,
    header::LOCATION,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
    X_REQUEST_ID,
    TRACEPARENT,
];

/// Every route, with what stands before it.
pub fn router(
    upstreams: Upstreams,
    readiness: Readiness,
    authentication: Authentication,
    admission: Admission,
    origins: Vec<HeaderValue>,
) -> Router {
    requests::describe();
    let api = Router::new()
        .route("/sharing", post(sharing::create))
        .route("/sharing/outgoing", get(sharing::outgoing))
        .route("/sharing/incoming", get(sharing::incoming))
        .route("/sharing/{share_id}", get(sharing::get).put(sharing::update).delete(sharing::revoke))
        .route("/exposure-profiles", get(exposure_profiles::list).post(exposure_profiles::create))
        .route("/exposure-profiles/default", get(exposure_profiles::default))
        .route("/exposure-profiles/from-template", post(exposure_profiles::create_from_template))
        .route(
            "/exposure-profiles/{profile_id}",
            get(exposure_profiles::get).put(exposure_profiles::update).delete(exposure_profiles::delete),
        )
        .route("/exposure-profiles/{profile_id}/yaml", get(exposure_profiles::yaml))
        .method_not_allowed_fallback(method_not_allowed)
        .route_layer(from_fn_with_state(admission, admit))
        .route_layer(from_fn_with_state(authentication, require_caller));
    Router::new()
        .nest(BASE, api.with_state(upstreams))
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(readiness)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cross_origin(origins))
        .layer(from_fn(with_context))
}

fn cross_origin(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(ACCEPTED)
        .expose_headers(EXPOSED)
        .max_age(std::time::Duration::from_hours(1))
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(State(readiness): State<Readiness>) -> Response {
    if readiness.is_ready() {
        "ready\n".into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response()
    }
}

async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not take this method")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives the panic away")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let says = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(says, "a handler panicked");
    ApiError::internal().into_response()
}
