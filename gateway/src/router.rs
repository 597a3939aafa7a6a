//! The URL map.

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use http_server::{admin::Readiness, validate_host};
use tower::ServiceExt;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
};
use tracing::error;
use utoipa_axum::{
    router::{OpenApiRouter, UtoipaMethodRouter},
    routes,
};

use crate::{
    BASE,
    access::{
        apps, blocked, erasure, export, history, incoming, owners, people, preview, stop, suggestions, tags, view_as,
        viewers,
    },
    answer::CONSISTENCY_TOKEN,
    auth::{Authentication, require_caller},
    console::{self, ExampleNodes},
    description,
    error::{ApiError, ErrorCode},
    exposure_profiles::handlers as exposure_profiles,
    http::{
        admission::{Admission, ReadCost, admit},
        body::MAX_BYTES,
        context::{TRACEPARENT, X_REQUEST_ID, add_common_headers, request_id, with_context},
        requests,
        require_host::require_host,
    },
    sharing::handlers as sharing,
    upstream::Upstreams,
};

/// Headers that a page of another origin may send.
const ACCEPTED: [HeaderName; 8] = [
    CONSISTENCY_TOKEN,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("idempotency-key"),
    X_REQUEST_ID,
    TRACEPARENT,
];

/// Headers that a page of another origin may read.
const EXPOSED: [HeaderName; 11] = [
    CONSISTENCY_TOKEN,
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

/// Every route and layer.
pub fn router(
    upstreams: Upstreams,
    readiness: Readiness,
    authentication: Authentication,
    admission: &Admission,
    origins: Vec<HeaderValue>,
    nodes: ExampleNodes,
) -> anyhow::Result<Router> {
    requests::describe();
    // Admission runs only for the methods of a route, so 405 is returned before a body is read.
    let admitted = |read_cost: ReadCost, (schemas, paths, methods): UtoipaMethodRouter<Upstreams>| {
        let path = paths.paths.keys().next().cloned().unwrap_or_default();
        let layer = from_fn_with_state(admission.to_route(&path, read_cost), admit);
        (schemas, paths, methods.route_layer(layer))
    };
    // Questions with a body.
    let queried = |max_body: usize, (schemas, paths, methods): UtoipaMethodRouter<Upstreams>| {
        let path = paths.paths.keys().next().cloned().unwrap_or_default();
        let admission = admission.to_route(&path, ReadCost::SharePage).of_queries().with_max_body(max_body);
        (schemas, paths, methods.route_layer(from_fn_with_state(admission, admit)))
    };
    let without_body = |(schemas, paths, methods): UtoipaMethodRouter<Upstreams>| {
        let path = paths.paths.keys().next().cloned().unwrap_or_default();
        let admission = admission.to_route(&path, ReadCost::Row).without_body();
        (schemas, paths, methods.route_layer(from_fn_with_state(admission, admit)))
    };
    let (api, described) = OpenApiRouter::<Upstreams>::new()
        .routes(admitted(ReadCost::Row, routes!(sharing::create)))
        .routes(admitted(ReadCost::SharePage, routes!(sharing::outgoing)))
        .routes(admitted(ReadCost::ProfilePage, routes!(sharing::incoming)))
        .routes(admitted(ReadCost::Row, routes!(sharing::get, sharing::update, sharing::revoke)))
        .routes(admitted(ReadCost::ProfilePage, routes!(exposure_profiles::list, exposure_profiles::create)))
        .routes(admitted(ReadCost::Row, routes!(exposure_profiles::default)))
        .routes(admitted(ReadCost::Row, routes!(exposure_profiles::create_from_template)))
        .routes(admitted(
            ReadCost::Row,
            routes!(exposure_profiles::get, exposure_profiles::update, exposure_profiles::delete),
        ))
        .routes(admitted(ReadCost::Row, routes!(exposure_profiles::yaml)))
        .routes(admitted(ReadCost::SharePage, routes!(people::list)))
        .routes(admitted(ReadCost::SharePage, routes!(owners::list)))
        .routes(admitted(ReadCost::SharePage, routes!(history::list)))
        .routes(queried(MAX_BYTES, routes!(viewers::list)))
        .routes(queried(view_as::MAX_BODY, routes!(view_as::view)))
        .routes(queried(view_as::MAX_BODY, routes!(preview::preview)))
        .routes(admitted(ReadCost::Row, routes!(incoming::leave)))
        .routes(admitted(ReadCost::SharePage, routes!(suggestions::list)))
        .routes(admitted(ReadCost::Row, routes!(tags::list)))
        .routes(admitted(ReadCost::SharePage, routes!(export::export)))
        .routes(without_body(routes!(erasure::request)))
        .routes(admitted(ReadCost::Row, routes!(erasure::erase)))
        .routes(admitted(ReadCost::Row, routes!(stop::stop)))
        .routes(admitted(ReadCost::Row, routes!(blocked::list)))
        .routes(without_body(routes!(blocked::block, blocked::unblock)))
        .routes(admitted(ReadCost::ProfilePage, routes!(apps::list)))
        .routes(admitted(ReadCost::Row, routes!(apps::rebind, apps::disconnect)))
        .split_for_parts();
    let api = api
        .method_not_allowed_fallback(method_not_allowed)
        // Inside authentication: the response to a panic has the headers of every response to a user.
        .route_layer(CatchPanicLayer::custom(panicked))
        .route_layer(from_fn_with_state(authentication, require_caller));
    let (probes, described) =
        OpenApiRouter::with_openapi(description::document().nest(BASE, description::of_api(described)))
            .routes(routes!(healthz))
            .routes(routes!(readyz))
            .split_for_parts();
    let complete = Router::new()
        .nest(BASE, api.with_state(upstreams))
        .merge(probes.clone())
        .merge(description::routes(&described)?)
        .merge(console::routes(nodes))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(readiness.clone())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(cross_origin(origins))
        .layer(from_fn(require_host))
        .layer(from_fn(with_context));
    let router = probes
        .layer(from_fn_with_state(complete.clone(), answer_probe))
        .with_state(readiness)
        .fallback_service(complete);
    Ok(router)
}

/// Answers a probe without limit, span, log line or metric: probes arrive every few seconds, and only their status matters. Whatever else
/// is sent to the path of a probe goes through every layer.
async fn answer_probe(State(complete): State<Router>, request: Request, next: Next) -> Response {
    let is_probe = [Method::GET, Method::HEAD].contains(request.method())
        && validate_host(&request).is_ok()
        && !request.headers().contains_key(header::ORIGIN);
    if !is_probe {
        let Ok(response) = complete.oneshot(request).await;
        return response;
    }
    let request_id = request_id(request.headers());
    let mut response = next.run(request).await;
    add_common_headers(response.headers_mut());
    response.headers_mut().insert(X_REQUEST_ID, request_id);
    response
}

fn cross_origin(origins: Vec<HeaderValue>) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers(ACCEPTED)
        .expose_headers(EXPOSED)
        .max_age(std::time::Duration::from_hours(1))
}

/// Whether this process runs
#[utoipa::path(
    get,
    path = "/healthz",
    operation_id = "Healthz",
    tag = "Operations",
    security(()),
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")),
)]
async fn healthz() -> &'static str {
    "ok\n"
}

/// Whether this process should be sent work: while both services serve
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "Readyz",
    tag = "Operations",
    security(()),
    responses(
        (status = 200, description = "Ready; a line for each service whose writes fail", body = String, content_type = "text/plain"),
        (status = 503, description = "Not ready", body = String, content_type = "text/plain"),
    ),
)]
async fn readyz(State(readiness): State<Readiness>) -> Response {
    match Readiness::probe(&[readiness]) {
        (StatusCode::OK, text) => text.into_response(),
        (status, text) => (status, [(header::RETRY_AFTER, "1")], text).into_response(),
    }
}

async fn not_found() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path")
}

async fn method_not_allowed() -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, "this path does not support this method")
}

#[expect(clippy::needless_pass_by_value, reason = "the layer gives the panic away")]
fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let message = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(message, "a handler panicked");
    ApiError::internal().into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, routing::get};
    use http_body_util::BodyExt;
    use tonic::{Code, Status};

    use super::*;

    /// The response to a panic.
    async fn answer_text(
        handler: impl Fn() -> Result<&'static str, ApiError> + Clone + Send + Sync + 'static,
    ) -> (Response, String) {
        let router: Router = Router::new()
            .route("/", get(move || async move { handler() }))
            .layer(CatchPanicLayer::custom(panicked))
            .layer(from_fn(with_context));
        let request = http::Request::get("/").header("x-request-id", "mine-1").body(Body::empty()).unwrap();
        let (head, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        (Response::from_parts(head, Body::empty()), body)
    }

    #[tokio::test]
    async fn internal_error_is_500_with_only_a_request_id() {
        let panics = || panic!("the secret of node 5");
        let odd = || Err(Status::new(Code::Internal, "the secret of row 5").into());
        let denied = || Err(Status::permission_denied("the secret of role 5").into());
        for (answer, body) in [answer_text(panics).await, answer_text(odd).await, answer_text(denied).await] {
            assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(body.contains("INTERNAL_SERVER_ERROR") && body.contains("\"request_id\":\"mine-1\""), "{body}");
            assert!(!body.contains("secret"), "{body}");
        }
    }
}
