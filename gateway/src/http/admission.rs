//! The admission layer: concurrency and memory limits, in all and by user.

use std::{sync::Arc, time::Instant};

use admission::{
    AdaptiveLimiter, AdmissionController, AdmissionSettings, BufferError, MeteredBody, OperationKind, PerUserLimiter,
    with_permit,
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
    body::{MAX_BYTES, PATIENCE, too_large, validate_headers},
    context::RequestContext,
};
use crate::{
    auth::Caller,
    error::{ApiError, ErrorCode},
};

/// The admission controller and the limits by user.
#[derive(Clone)]
pub struct Admission {
    controller: AdmissionController,
    per_user_limiter: PerUserLimiter,
    reads: Arc<AdaptiveLimiter>,
    writes: Arc<AdaptiveLimiter>,
}

impl Admission {
    /// Applies the settings.
    pub fn new(settings: &AdmissionSettings, max_in_flight_per_user: u32) -> Self {
        // One user may hold at most half of the memory of unread responses.
        let bytes = usize::try_from(settings.max_body_memory).unwrap_or(usize::MAX).saturating_mul(1024 * 1024 / 2);
        let controller = AdmissionController::new(settings);
        let (reads, writes) = (controller.limiter(), controller.limiter());
        Self { controller, per_user_limiter: PerUserLimiter::new(max_in_flight_per_user, bytes), reads, writes }
    }
}

/// Buffers the request body, then acquires a permit. A slow body holds no permit.
pub(crate) async fn admit(
    State(admission): State<Admission>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(mut permit) = admission.per_user_limiter.try_acquire(&caller.user) else {
        return ApiError::too_many_at_once().into_response();
    };
    let (mut head, body) = request.into_parts();
    let (body, _memory) = match head.method {
        Method::POST | Method::PUT => {
            if let Err(error) = validate_headers(&head.headers) {
                return error.into_response();
            }
            match buffer_body(&admission.controller, body).await {
                Ok((body, memory)) => (body, Some(memory)),
                Err(error) => return error.into_response(),
            }
        }
        _ => (Body::empty(), None),
    };
    let reservation = admission.controller.reservation();
    head.extensions.insert(reservation.clone());
    if let Some(context) = head.extensions.get_mut::<RequestContext>() {
        context.whole = Instant::now();
    }
    let (kind, limiter) = if head.method.is_safe() {
        (OperationKind::Read, &admission.reads)
    } else {
        (OperationKind::Write, &admission.writes)
    };
    // For slow operations, one user may hold at most half of the permits.
    let Some(user_operation) = permit.try_acquire_operation(kind, limiter.per_user_limit()) else {
        limiter.record_rejection();
        return ApiError::too_many_at_once().into_response();
    };
    let Ok(operation_permit) = admission.controller.try_acquire_with(limiter) else {
        return ApiError::overloaded().into_response();
    };
    let answer = with_permit(operation_permit, next.run(Request::from_parts(head, body))).await;
    drop(user_operation);
    // The response to a change is one row, and is always sent.
    let bytes = usize::try_from(answer.body().size_hint().lower()).unwrap_or(usize::MAX);
    let may_hold = permit.try_reserve(bytes);
    if kind == OperationKind::Read && !may_hold {
        return ApiError::too_many_at_once().into_response();
    }
    if kind == OperationKind::Read && reservation.reserve_total(bytes).is_err() {
        return ApiError::overloaded().into_response();
    }
    answer.map(|body| Body::new(MeteredBody::new(body, permit, reservation)))
}

async fn buffer_body(controller: &AdmissionController, body: Body) -> Result<(Body, impl Send + use<>), ApiError> {
    let Ok(buffered) = tokio::time::timeout(PATIENCE, controller.buffer(body, MAX_BYTES)).await else {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time"));
    };
    match buffered {
        Ok(buffered) => Ok(buffered.into_body()),
        Err(BufferError::BodyTooLarge) => Err(too_large()),
        Err(BufferError::MemoryExhausted) => Err(ApiError::overloaded()),
        Err(BufferError::Incomplete(_)) => Err(ApiError::new(ErrorCode::MalformedJson, "the body is incomplete")),
    }
}
