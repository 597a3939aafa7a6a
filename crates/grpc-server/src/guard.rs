//! Authorization, admission control and deadline for every gRPC method.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant as Moment},
};

use admission::{
    AdmissionSettings, BufferError, BufferedBody, Caller, ConcurrencyLimiter, MessageMemory, RejectionReason,
    Reservation, SMALL_MESSAGE, SharedPool, with_permit,
};
use axum::{Router, body::Body, extract::Request, response::Response};
use http::HeaderMap;
use http_server::{Peer, tls::SpiffeId};
use runtime::shutdown::Shutdown;
use telemetry::{EarlyDropGuard, PEER_LOG_TARGET, TraceParent, server_span};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tonic::{Code, Status};
use tower::Service;
use tracing::{Instrument, warn};
use types::FieldErrors;

use super::{
    ACTING_USER,
    calls::{self, End, UNKNOWN_METHOD},
    deadline,
    error_info::with_error_info,
    field_count::{MAX_FIELDS, has_too_many_fields},
    messages::{FRAME_HEAD, MessageErrors, MeteredMessages},
    roles::{Callers, Method, Role, Roles},
    serve::{HEALTH_SERVICE, SMALL},
    stream::{Bounded, QUIET, StreamLimits, Until, shutting_down},
};
use crate::rpc_error::RpcError;

/// The retry delay of rejected calls.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Calls and watches of the health service at a time. They take nothing from other calls, and other calls nothing from them.
const HEALTH_CALLS: u64 = 64;
/// Bytes of a request id: log lines wait in memory to be written, so what a caller chooses is bounded.
pub(super) const MAX_REQUEST_ID: usize = 128;

/// The methods of a service and their limits.
pub(super) struct Guard {
    methods: HashMap<&'static str, GuardedMethod>,
    roles: Roles,
    memory: MessageMemory,
    streams: Arc<SharedPool>,
    health: Arc<SharedPool>,
    deadline: Duration,
    domain: &'static str,
    shutdown: Shutdown,
}

/// A method and its limiter.
struct GuardedMethod {
    method: Method,
    limiter: Arc<ConcurrencyLimiter>,
}

impl Guard {
    pub(super) fn new(
        methods: impl IntoIterator<Item = Method>,
        roles: &[(SpiffeId, Role)],
        settings: &AdmissionSettings,
        max_open_streams: u32,
        deadline: Duration,
        domain: &'static str,
        shutdown: Shutdown,
    ) -> Self {
        calls::describe(End::Server);
        let guarded = |method: Method| {
            let limiter = ConcurrencyLimiter::new(method.path.trim_start_matches('/'), settings.limits());
            (method.path, GuardedMethod { method, limiter })
        };
        Self {
            methods: methods.into_iter().map(guarded).collect(),
            roles: Roles::new(roles),
            memory: MessageMemory::new(settings.max_body_memory),
            streams: SharedPool::new("streams", max_open_streams.into()),
            health: SharedPool::new("health_calls", HEALTH_CALLS),
            deadline,
            domain,
            shutdown,
        }
    }

    /// The method that is called, if this peer may.
    fn authorize(&self, request: &Request) -> Result<&GuardedMethod, Status> {
        let path = request.uri().path();
        let found = self.methods.get(path).ok_or_else(|| Status::unimplemented("there is no such method"))?;
        // A request without an authenticated peer has no role.
        let peer = request.extensions().get::<Peer>().unwrap_or(&Peer::Certified(None));
        if request.headers().contains_key(ACTING_USER) && !self.roles.has(peer, Role::Gateway) {
            return Err(self.role_required(peer, path, "acting for a user", &[Role::Gateway]));
        }
        match found.method.callers {
            callers if self.roles.authorize(peer, callers) => Ok(found),
            Callers::Roles(roles) => Err(self.role_required(peer, path, "this method", roles)),
            Callers::Anyone => Ok(found),
        }
    }

    /// The error of a caller without the role that `what` needs: it names the roles needed and those of the caller.
    fn role_required(&self, peer: &Peer, method: &str, what: &str, needed: &[Role]) -> Status {
        let caller = match peer {
            Peer::Certified(Some(id)) => id.as_str(),
            Peer::Certified(None) => "a certificate without a SPIFFE id",
            Peer::Anyone => "anyone",
        };
        let own: Vec<_> = self.roles.of(peer).iter().map(|role| role.as_str()).collect();
        let needed: Vec<_> = needed.iter().map(|role| role.as_str()).collect();
        let has = match own.as_slice() {
            [] => "no role".to_owned(),
            roles => format!("the role {}", roles.join(" and ")),
        };
        let message = format!("{what} needs the role {}; {caller} has {has}", needed.join(" or "));
        warn!(target: PEER_LOG_TARGET, peer = caller, method, "refused: {message}");
        RpcError::new("ROLE_REQUIRED")
            .with("roles", needed.join(","))
            .with("caller", caller)
            .with("caller_roles", own.join(","))
            .into_status(Code::PermissionDenied, &message, self.domain)
    }

    fn overloaded(&self) -> Status {
        let reason = "the server is overloaded; retry later";
        let mut status = RpcError::new("SERVICE_UNAVAILABLE").with_retry(RETRY_AFTER).into_status(
            Code::ResourceExhausted,
            reason,
            self.domain,
        );
        status.metadata_mut().insert("retry-after", RETRY_AFTER.as_secs().into());
        status
    }

    /// The error of a rejected call: the caller takes more than others leave, or all of them together do.
    fn rejected(&self, reason: RejectionReason) -> Status {
        match reason {
            RejectionReason::Displaced | RejectionReason::CallerShare => {
                let message = "this caller has too many calls in flight; retry later";
                let error = RpcError::new("RATE_LIMIT_EXCEEDED").with_retry(RETRY_AFTER);
                let mut status = error.into_status(Code::ResourceExhausted, message, self.domain);
                status.metadata_mut().insert("retry-after", RETRY_AFTER.as_secs().into());
                status
            }
            RejectionReason::QueueFull | RejectionReason::WaitedTooLong | RejectionReason::Exhausted => {
                self.overloaded()
            }
        }
    }

    fn too_late(&self) -> Status {
        let reason = "the deadline of the call has passed";
        RpcError::new("DEADLINE_EXCEEDED").into_status(Code::DeadlineExceeded, reason, self.domain)
    }

    fn too_large(&self, max_bytes: usize) -> Status {
        let reason = format!("the message is larger than {max_bytes} bytes");
        RpcError::new("MESSAGE_TOO_LARGE").into_status(Code::ResourceExhausted, &reason, self.domain)
    }

    /// With the code of tonic's decoder, which rejects a message only once it is its turn.
    fn too_large_in_stream(&self, max_bytes: usize) -> Status {
        let reason = format!("the message is larger than {max_bytes} bytes");
        RpcError::new("MESSAGE_TOO_LARGE").into_status(Code::OutOfRange, &reason, self.domain)
    }

    fn too_many_fields(&self) -> Status {
        let reason = format!("the message has more than {MAX_FIELDS} fields");
        RpcError::new("MESSAGE_TOO_LARGE").into_status(Code::ResourceExhausted, &reason, self.domain)
    }

    fn no_timeout(&self) -> Status {
        let mut fields = FieldErrors::new();
        fields.add("grpc-timeout", "must be a timeout as gRPC writes it: up to eight digits and a unit, `500m`");
        let reason = fields.first();
        RpcError::validation(fields).into_status(Code::InvalidArgument, &reason, self.domain)
    }

    /// Waits for the whole message.
    async fn buffer_body(&self, caller: Caller, body: Body, max_bytes: usize) -> Result<BufferedBody, Status> {
        let buffered = match self.memory.buffer(caller, body, FRAME_HEAD + max_bytes).await {
            Ok(buffered) => buffered,
            Err(BufferError::BodyTooLarge) => return Err(self.too_large(max_bytes)),
            Err(BufferError::MemoryExhausted(reason)) => return Err(self.rejected(reason)),
            Err(BufferError::Incomplete(_)) => return Err(Status::cancelled("the message is incomplete")),
        };
        let promised = buffered.first().get(1..FRAME_HEAD).and_then(|length| length.try_into().ok());
        let promised = promised.map_or(0, |length| usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX));
        if promised > max_bytes {
            return Err(self.too_large(max_bytes));
        }
        if promised > SMALL_MESSAGE && has_too_many_fields(buffered.chunks(), FRAME_HEAD) {
            return Err(self.too_many_fields());
        }
        Ok(buffered)
    }

    /// Calls a unary method: `wait` is the time to its deadline.
    async fn call(
        &self,
        GuardedMethod { method, limiter }: &GuardedMethod,
        wait: Duration,
        request: Request,
        routes: Router,
    ) -> Result<Response, Status> {
        let caller = caller_of(&request);
        let (head, body) = request.into_parts();
        let (body, memory) = self.buffer_body(caller, body, method.max_bytes).await?.into_body();
        let permit = limiter.acquire(caller, wait / 2).await.map_err(|reason| self.rejected(reason))?;
        let answer = with_permit(permit, run(routes, Request::from_parts(head, body))).await;
        drop(memory);
        Ok(answer)
    }

    /// Calls a streaming method.
    async fn stream(
        &self,
        max_bytes: usize,
        place: Reservation,
        wait: Option<Duration>,
        request: Request,
        routes: Router,
    ) -> Result<Response, Status> {
        let caller = caller_of(&request);
        let messages = self.memory.reservation(caller);
        let limits = StreamLimits { place, memory: self.memory.reservation(caller), overloaded: self.overloaded() };
        let request = request.map(|body| {
            let errors =
                MessageErrors { overloaded: self.overloaded(), too_large: self.too_large_in_stream(max_bytes) };
            Body::new(MeteredMessages::new(body, messages, max_bytes, errors))
        });
        let deadline = wait.map(|wait| Instant::now() + wait);
        // The method may wait for a first message before it responds.
        let expired = async {
            match deadline {
                Some(deadline) => sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        let closed = async {
            self.shutdown.closing().await;
            sleep(QUIET).await;
        };
        let began = tokio::select! {
            biased;
            () = expired => return Err(self.too_late()),
            () = closed => return Err(shutting_down(self.domain)),
            began = run(routes, request) => began,
        };
        let until = Until { deadline, shutdown: self.shutdown.clone(), domain: self.domain };
        Ok(began.map(|body| Body::new(Bounded::new(body, until, limits))))
    }

    /// A call of the health service, which answers at once.
    async fn check_health(&self, place: Reservation, request: Request, routes: Router) -> Result<Response, Status> {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, FRAME_HEAD + SMALL).await.map_err(|_| self.too_large(SMALL))?;
        let answer = run(routes, Request::from_parts(head, Body::from(body))).await;
        drop(place);
        Ok(answer)
    }

    async fn answer(&self, request: Request, routes: Router) -> Result<Response, Status> {
        let guarded = self.authorize(&request)?;
        let Method { path, is_stream, max_bytes, .. } = guarded.method;
        let wait = deadline::of(request.headers()).map_err(|_| self.no_timeout())?;
        // A call whose deadline has passed does not begin.
        if wait.is_some_and(|wait| wait.is_zero()) {
            return Err(self.too_late());
        }
        let is_health = path.starts_with(HEALTH_SERVICE);
        let place = match (is_health, is_stream) {
            (true, _) => Some(self.health.try_reserve(caller_of(&request), 1)),
            (false, true) => Some(self.streams.try_reserve(caller_of(&request), 1)),
            (false, false) => None,
        };
        let place = place.transpose().map_err(|reason| self.rejected(reason))?;
        let called = async {
            match place {
                Some(place) if is_stream => return self.stream(max_bytes, place, wait, request, routes).await,
                Some(place) => timeout(self.wait(wait), self.check_health(place, request, routes)).await,
                None => timeout(self.wait(wait), self.call(guarded, self.wait(wait), request, routes)).await,
            }
            .unwrap_or_else(|_| Err(self.too_late()))
        };
        called.await
    }

    /// The time to the deadline of a unary call whose caller waits for `wait`.
    fn wait(&self, wait: Option<Duration>) -> Duration {
        wait.map_or(self.deadline, |wait| wait.min(self.deadline))
    }
}

/// gRPC methods behind their guard: the whole application of a gRPC server.
#[derive(Clone)]
pub(super) struct Guarded {
    guard: Arc<Guard>,
    routes: Router,
}

impl Guarded {
    pub(super) fn new(guard: Guard, routes: Router) -> Self {
        Self { guard: Arc::new(guard), routes }
    }

    /// Passes a request to its method, or rejects it.
    async fn handle(self, request: Request) -> Response {
        let Self { guard, routes } = self;
        let began = Moment::now();
        let headers = request.headers();
        let known = guard.methods.get(request.uri().path());
        let method = known.map_or(UNKNOWN_METHOD, |known| known.method.path.trim_start_matches('/'));
        let span = server_span(method, request_id(headers), TraceParent::of(headers));
        let early_drop = EarlyDropGuard::new(|| calls::abandoned(End::Server, method, began.elapsed(), &span));
        let answered = guard.answer(request, routes).instrument(span.clone()).await;
        let mut answered = answered.unwrap_or_else(Status::into_http);
        with_error_info(answered.headers_mut(), guard.domain);
        early_drop.completed();
        calls::finished(End::Server, method, Some(answered.headers()), began.elapsed(), &span);
        answered
    }
}

impl Service<Request> for Guarded {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let guarded = self.clone();
        Box::pin(async move { Ok(guarded.handle(request).await) })
    }
}

async fn run(mut routes: Router, request: Request) -> Response {
    let Ok(response) = routes.call(request).await;
    response
}

/// Whom the limits of a call count for: the user that it acts for, or its peer.
fn caller_of(request: &Request) -> Caller {
    match (request.headers().get(ACTING_USER), request.extensions().get::<Peer>()) {
        (Some(user), _) => Caller::new(&("user", user.as_bytes())),
        (None, Some(Peer::Certified(Some(id)))) => Caller::new(&("service", id.as_str())),
        (None, Some(Peer::Certified(None) | Peer::Anyone) | None) => Caller::new(&"anyone"),
    }
}

/// The id that a caller gives its request in the log; one that is longer than the gateway accepts is ignored.
fn request_id(headers: &HeaderMap) -> &str {
    let id = headers.get("x-request-id").filter(|id| id.len() <= MAX_REQUEST_ID);
    id.and_then(|id| id.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_request_id_is_ignored() {
        for (length, expected) in [(1, 1), (MAX_REQUEST_ID, MAX_REQUEST_ID), (MAX_REQUEST_ID + 1, 0)] {
            let mut headers = HeaderMap::new();
            headers.insert("x-request-id", "i".repeat(length).parse().unwrap());
            assert_eq!(request_id(&headers).len(), expected);
        }
        assert_eq!(request_id(&HeaderMap::new()), "");
    }
}
