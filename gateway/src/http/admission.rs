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

    /// Of a route whose POST is a query: it is limited as a read, and so is its response.
    pub(crate) fn of_queries(self) -> Self {
        Self { post: Post::Query, ..self }
    }

    async fn answer(&self, caller: admission::Caller, request: Request, next: Next) -> Result<Response, ApiError> {
        let (mut head, body) = request.into_parts();
        let (body, _memory) = match head.method {
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
    use axum::{Router, middleware::from_fn_with_state, routing::post};
    use http::StatusCode;
    use tower::ServiceExt;
    use types::Id;

    use super::*;

    #[tokio::test]
    async fn unread_responses_to_changes_reject_further_ones() {
        let settings = AdmissionSettings { max_body_memory: 1, ..AdmissionSettings::default() };
        let route = Admission::new(&settings, Duration::from_secs(10)).to_route("/test", ReadCost::Row);
        let handler = post(async || "x".repeat(200_000));
        let app = Router::new().route("/test", handler).layer(from_fn_with_state(route, admit));
        let change = async |user: &str| {
            let mut request =
                Request::post("/test").header("content-type", "application/json").body(Body::empty()).unwrap();
            request.extensions_mut().insert(Caller { user: Id::parse(user).unwrap() });
            app.clone().oneshot(request).await.unwrap()
        };
        let unread = change("ann").await;
        assert_eq!(unread.status(), StatusCode::OK);
        let rejected = change("ann").await;
        let error = rejected.extensions().get::<ApiError>().expect("an error");
        assert_eq!(error.respond("id").status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(change("bob").await.status(), StatusCode::OK);
        drop(unread);
        assert_eq!(change("ann").await.status(), StatusCode::OK);
    }
}
