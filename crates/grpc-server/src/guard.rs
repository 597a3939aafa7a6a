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
    AdaptiveLimiter, AdmissionController, AdmissionSettings, BufferError, BufferedBody, Permit, with_permit,
};
use axum::{Router, body::Body, extract::Request, response::Response};
use http::HeaderMap;
use http_server::{Peer, tls::SpiffeId};
use runtime::shutdown::Shutdown;
use telemetry::{EarlyDropGuard, TraceParent, server_span};
use tokio::time::{Instant, sleep, sleep_until};
use tonic::{Code, Status};
use tower::Service;
use tracing::{Instrument, warn};
use types::FieldErrors;

use super::{
    ACTING_USER,
    calls::{self, End, UNKNOWN_METHOD},
    deadline,
    error_info::with_error_info,
    roles::{Callers, Method, Role, Roles},
    stream::{Bounded, QUIET, Until, shutting_down},
};
use crate::rpc_error::RpcError;

/// The retry delay of rejected calls.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The prefix of a gRPC message: the compression flag and the length.
const FRAME_HEAD: usize = 5;

/// The methods of a service and their limits.
pub(super) struct Guard {
    methods: HashMap<&'static str, (Method, Arc<AdaptiveLimiter>)>,
    roles: Roles,
    admission: AdmissionController,
    streams: AdmissionController,
    deadline: Duration,
    domain: &'static str,
    shutdown: Shutdown,
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
        let streams = AdmissionSettings { max_in_flight: max_open_streams, ..settings.clone() };
        let controller = AdmissionController::new(settings);
        Self {
            methods: methods.into_iter().map(|method| (method.path, (method, controller.limiter()))).collect(),
            roles: Roles::new(roles),
            admission: controller,
            streams: AdmissionController::new(&streams),
            deadline,
            domain,
            shutdown,
        }
    }

    /// The method that is called, if this peer may.
    fn authorize(&self, request: &Request) -> Result<&(Method, Arc<AdaptiveLimiter>), Status> {
        let path = request.uri().path();
        let found = self.methods.get(path).ok_or_else(|| Status::unimplemented("there is no such method"))?;
        // A request without an authenticated peer has no role.
        let peer = request.extensions().get::<Peer>().unwrap_or(&Peer::Certified(None));
        if request.headers().contains_key(ACTING_USER) && !self.roles.has(peer, Role::Gateway) {
            return Err(self.role_required(peer, path, "acting for a user", &[Role::Gateway]));
        }
        match found.0.callers {
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
        warn!(peer = caller, method, "refused: {message}");
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

    fn too_late(&self) -> Status {
        let reason = "the deadline of the call has passed";
        RpcError::new("DEADLINE_EXCEEDED").into_status(Code::DeadlineExceeded, reason, self.domain)
    }

    fn too_large(&self, max_bytes: usize) -> Status {
        let reason = format!("the message is larger than {max_bytes} bytes");
        RpcError::new("MESSAGE_TOO_LARGE").into_status(Code::ResourceExhausted, &reason, self.domain)
    }

    fn no_timeout(&self) -> Status {
        let mut fields = FieldErrors::new();
        fields.add("grpc-timeout", "must be a timeout as gRPC writes it: up to eight digits and a unit, `500m`");
        let reason = fields.first();
        RpcError::validation(fields).into_status(Code::InvalidArgument, &reason, self.domain)
    }

    /// Waits for the whole message.
    async fn buffer_body(&self, body: Body, max_bytes: usize) -> Result<BufferedBody, Status> {
        let buffered = match self.admission.buffer(body, FRAME_HEAD + max_bytes).await {
            Ok(buffered) => buffered,
            Err(BufferError::BodyTooLarge) => return Err(self.too_large(max_bytes)),
            Err(BufferError::MemoryExhausted) => return Err(self.overloaded()),
            Err(BufferError::Incomplete(_)) => return Err(Status::cancelled("the message is incomplete")),
        };
        let promised = buffered.first().get(1..FRAME_HEAD).and_then(|length| length.try_into().ok());
        let promised = promised.map_or(0, |length| usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX));
        if promised > max_bytes { Err(self.too_large(max_bytes)) } else { Ok(buffered) }
    }

    /// Calls a unary method.
    async fn call(
        &self,
        method: &Method,
        limiter: &Arc<AdaptiveLimiter>,
        request: Request,
        routes: Router,
    ) -> Result<Response, Status> {
        let (head, body) = request.into_parts();
        let (body, memory) = self.buffer_body(body, method.max_bytes).await?.into_body();
        let permit = self.admission.try_acquire_with(limiter).map_err(|_| self.overloaded())?;
        let answer = with_permit(permit, run(routes, Request::from_parts(head, body))).await;
        drop(memory);
        Ok(answer)
    }

    /// Calls a streaming method.
    async fn stream(
        &self,
        place: Permit,
        wait: Option<Duration>,
        request: Request,
        routes: Router,
    ) -> Result<Response, Status> {
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
            began = run(routes, request) => began,
            () = expired => return Err(self.too_late()),
            () = closed => return Err(shutting_down(self.domain)),
        };
        let until = Until { deadline, shutdown: self.shutdown.clone(), domain: self.domain };
        Ok(began.map(|body| Body::new(Bounded::new(body, until, place))))
    }

    async fn answer(&self, request: Request, routes: Router) -> Result<Response, Status> {
        let (method, limiter) = self.authorize(&request)?;
        let wait = deadline::of(request.headers()).map_err(|_| self.no_timeout())?;
        if method.is_stream {
            let permit = self.streams.try_acquire().map_err(|_| self.overloaded())?;
            return self.stream(permit, wait, request, routes).await;
        }
        let wait = wait.map_or(self.deadline, |wait| wait.min(self.deadline));
        let called = tokio::time::timeout(wait, self.call(method, limiter, request, routes)).await;
        called.unwrap_or_else(|_| Err(self.too_late()))
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
        let method = known.map_or(UNKNOWN_METHOD, |(method, _)| method.path.trim_start_matches('/'));
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

fn request_id(headers: &HeaderMap) -> &str {
    headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default()
}
