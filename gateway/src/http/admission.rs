//! The admission layer of a route: memory for the body, a permit, memory for the response.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use admission::{
    AdmissionSettings, BufferError, ConcurrencyLimiter, MessageMemory, MessageReservation, MeteredBody,
    RejectionReason, ResponseMemory, SharedPool, with_permit,
};
use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::Method;
use http_body::Body as _;

use super::{
    body::{MAX_BYTES, READ_TIMEOUT, too_large, validate_headers},
    context::RequestContext,
};
use crate::{
    auth::Caller,
    error::{ApiError, ErrorCode},
};

/// Bytes that are reserved for the response to a change before it. Most responses are smaller; the reservation of others grows.
const CHANGE_RESPONSE: usize = 4 * 1024;

/// The memory of all routes, and the settings of their limiters.
pub struct Admission {
    settings: AdmissionSettings,
    max_wait: Duration,
    memory: MessageMemory,
    responses: Arc<SharedPool>,
    change_responses: Arc<SharedPool>,
    /// Of all lists of a service: one page at a time for each user.
    share_pages: Arc<ConcurrencyLimiter>,
    profile_pages: Arc<ConcurrencyLimiter>,
}

/// What a read of a route costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadCost {
    /// One row.
    Row,
    /// A page of up to a thousand shares: one at a time for each user.
    SharePage,
    /// The same of profiles. A service that is slow does not delay lists of the other.
    ProfilePage,
}

/// What a POST to a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Post {
    /// It changes something.
    Change,
    /// It asks something with a body.
    Query,
}

/// Admission to one route: its reads and its writes have a limiter each.
#[derive(Clone)]
pub(crate) struct RouteAdmission {
    reads: Arc<ConcurrencyLimiter>,
    writes: Arc<ConcurrencyLimiter>,
    max_wait: Duration,
    max_body: usize,
    post: Post,
    memory: MessageMemory,
    responses: Arc<SharedPool>,
    /// Unread lists do not reject changes.
    change_responses: Arc<SharedPool>,
}

impl Admission {
    /// Applies the settings. A request waits for a permit for half of the `deadline` at most.
    pub fn new(settings: &AdmissionSettings, deadline: Duration) -> Self {
        let response_bytes = u64::from(settings.max_body_memory) * 1024 * 1024;
        Self {
            settings: settings.clone(),
            max_wait: deadline / 2,
            memory: MessageMemory::new(settings.max_body_memory),
            responses: SharedPool::new("response_bytes", response_bytes),
            change_responses: SharedPool::new("change_response_bytes", response_bytes / 4),
            share_pages: ConcurrencyLimiter::new("read pages of shares", settings.limits_of_heavy()),
            profile_pages: ConcurrencyLimiter::new("read pages of profiles", settings.limits_of_heavy()),
        }
    }

    /// Admission to the route with this path.
    pub(crate) fn to_route(&self, path: &str, read_cost: ReadCost) -> RouteAdmission {
        let limits = self.settings.limits();
        let reads = match read_cost {
            ReadCost::Row => ConcurrencyLimiter::new(&format!("read {path}"), limits),
            ReadCost::SharePage => self.share_pages.clone(),
            ReadCost::ProfilePage => self.profile_pages.clone(),
        };
        RouteAdmission {
            reads,
            writes: ConcurrencyLimiter::new(&format!("write {path}"), limits),
            max_wait: self.max_wait,
            max_body: MAX_BYTES,
            post: Post::Change,
            memory: self.memory.clone(),
            responses: self.responses.clone(),
            change_responses: self.change_responses.clone(),
        }
    }
}

/// Buffers the request body, then waits for a permit. A slow body holds no permit.
pub(crate) async fn admit(
    State(admission): State<RouteAdmission>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    admission
        .answer(admission::Caller::new(&caller.user), request, next)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

impl RouteAdmission {
    /// With bodies of up to so many bytes.
    pub(crate) fn with_max_body(self, max_body: usize) -> Self {
        Self { max_body, ..self }
    }

    /// Of a route whose requests have no body: none is read.
    pub(crate) fn without_body(self) -> Self {
        self.with_max_body(0)
    }

    /// Of a route whose POST is a query: it is limited as a read, and so is its response.
    pub(crate) fn of_queries(self) -> Self {
        Self { post: Post::Query, ..self }
    }

    async fn answer(&self, caller: admission::Caller, request: Request, next: Next) -> Result<Response, ApiError> {
        let (mut head, body) = request.into_parts();
        let (body, _memory) = match head.method {
            // A body is not read, whatever its type.
            Method::POST | Method::PUT if self.max_body == 0 => (Body::empty(), None),
            Method::POST | Method::PUT => {
                validate_headers(&head.headers, self.max_body)?;
                let (body, memory) = self.buffer_body(caller, body).await?;
                (body, Some(memory))
            }
            _ => (Body::empty(), None),
        };
        if let Some(context) = head.extensions.get_mut::<RequestContext>() {
            context.whole = Instant::now();
        }
        let is_read = head.method.is_safe() || (head.method == Method::POST && self.post == Post::Query);
        if !is_read {
            let permit = self.writes.acquire(caller, self.max_wait).await.map_err(rejected)?;
            // Before the change, whose response is always sent. A user who does not read responses can make no further changes.
            let memory = ResponseMemory::new(self.change_responses.reservation(caller));
            if head.method != Method::DELETE {
                memory.reserve(CHANGE_RESPONSE).map_err(rejected)?;
            }
            let answer = with_permit(permit, next.run(Request::from_parts(head, body))).await;
            let bytes = usize::try_from(answer.body().size_hint().lower()).unwrap_or(usize::MAX);
            memory.shrink_to(bytes);
            // One that does not fit is sent all the same.
            let _ = memory.reserve_total(bytes);
            return Ok(answer.map(|body| Body::new(MeteredBody::new(body, memory))));
        }
        let memory = ResponseMemory::new(self.responses.reservation(caller));
        head.extensions.insert(memory.clone());
        let permit = self.reads.acquire(caller, self.max_wait).await.map_err(rejected)?;
        let answer = with_permit(permit, next.run(Request::from_parts(head, body))).await;
        let bytes = usize::try_from(answer.body().size_hint().lower()).unwrap_or(usize::MAX);
        memory.reserve_total(bytes).map_err(rejected)?;
        Ok(answer.map(|body| Body::new(MeteredBody::new(body, memory))))
    }

    async fn buffer_body(&self, caller: admission::Caller, body: Body) -> Result<(Body, MessageReservation), ApiError> {
        let Ok(buffered) = tokio::time::timeout(READ_TIMEOUT, self.memory.buffer(caller, body, self.max_body)).await
        else {
            return Err(ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time"));
        };
        match buffered {
            Ok(buffered) => Ok(buffered.into_body()),
            Err(BufferError::BodyTooLarge) => Err(too_large(self.max_body)),
            Err(BufferError::MemoryExhausted(reason)) => Err(rejected(reason)),
            Err(BufferError::Incomplete(_)) => Err(ApiError::new(ErrorCode::MalformedJson, "the body is incomplete")),
        }
    }
}

/// The response to a rejected request: 429 if this user takes more than others leave, else 503.
fn rejected(reason: RejectionReason) -> ApiError {
    match reason {
        RejectionReason::Displaced | RejectionReason::CallerShare => ApiError::too_many_at_once(),
        RejectionReason::QueueFull | RejectionReason::WaitedTooLong | RejectionReason::Exhausted => {
            ApiError::overloaded()
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, middleware::from_fn_with_state, routing};
    use http::StatusCode;
    use tower::ServiceExt;
    use types::Id;

    use super::*;

    /// Sends a POST through the admission of a route, whose response has 200,000 bytes.
    async fn post(route: &RouteAdmission, user: &str) -> Response {
        let app = Router::new()
            .route("/test", routing::post(async || "x".repeat(200_000)))
            .layer(from_fn_with_state(route.clone(), admit));
        let mut request =
            Request::post("/test").header("content-type", "application/json").body(Body::empty()).unwrap();
        request.extensions_mut().insert(Caller { user: Id::parse(user).unwrap() });
        app.oneshot(request).await.unwrap()
    }

    fn admission() -> Admission {
        let settings = AdmissionSettings { max_body_memory: 1, ..AdmissionSettings::default() };
        Admission::new(&settings, Duration::from_secs(10))
    }

    fn status_of_error(response: &Response) -> StatusCode {
        response.extensions().get::<ApiError>().expect("an error").respond("id").status()
    }

    #[tokio::test]
    async fn unread_responses_to_changes_reject_further_ones() {
        let route = admission().to_route("/test", ReadCost::Row);
        let unread = post(&route, "ann").await;
        assert_eq!(unread.status(), StatusCode::OK);
        assert_eq!(status_of_error(&post(&route, "ann").await), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(post(&route, "bob").await.status(), StatusCode::OK);
        drop(unread);
        assert_eq!(post(&route, "ann").await.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn unread_responses_to_queries_reject_queries_only() {
        let admission = admission();
        let (queries, changes) =
            (admission.to_route("/q", ReadCost::SharePage).of_queries(), admission.to_route("/c", ReadCost::Row));
        let mut unread = Vec::new();
        let rejected = loop {
            let response = post(&queries, "ann").await;
            if response.extensions().get::<ApiError>().is_some() {
                break response;
            }
            unread.push(response);
            assert!(unread.len() < 10, "responses are limited");
        };
        assert_eq!(status_of_error(&rejected), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(post(&changes, "ann").await.status(), StatusCode::OK);
        drop(unread);
        assert_eq!(post(&queries, "ann").await.status(), StatusCode::OK);
    }
}
