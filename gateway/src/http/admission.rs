//! The layer that works on no more at once than there is room for, and gives nobody the room of all.

use std::{sync::Arc, time::Instant};

use admission::{FairShare, Kind, Load, LoadSettings, Pace, Pending, TooLarge, while_admitted};
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

/// How much is worked on at once, in all and for each user.
#[derive(Clone)]
pub struct Admission {
    load: Load,
    fair_share: FairShare,
    reads: Arc<Pace>,
    writes: Arc<Pace>,
}

impl Admission {
    /// As much as the settings say.
    pub fn new(load: &LoadSettings, max_in_flight_per_user: u32) -> Self {
        // Half of the memory for what waits to be taken is the most that one user may hold.
        let bytes = usize::try_from(load.max_body_memory).unwrap_or(usize::MAX).saturating_mul(1024 * 1024 / 2);
        let load = Load::new(load);
        let (reads, writes) = (load.pace(), load.pace());
        Self { load, fair_share: FairShare::new(max_in_flight_per_user, bytes), reads, writes }
    }
}

/// Waits until the body of a request is whole, and lets it in if there is room. A body that comes slowly takes nobody's place.
pub(crate) async fn admit(
    State(admission): State<Admission>,
    caller: Caller,
    request: Request,
    next: Next,
) -> Response {
    let Some(mut turn) = admission.fair_share.take(&caller.user) else {
        return ApiError::too_many_at_once().into_response();
    };
    let (mut head, body) = request.into_parts();
    let (body, _memory) = match head.method {
        Method::POST | Method::PUT => {
            if let Err(error) = validate_headers(&head.headers) {
                return error.into_response();
            }
            match gather(&admission.load, body).await {
                Ok((body, memory)) => (body, Some(memory)),
                Err(error) => return error.into_response(),
            }
        }
        _ => (Body::empty(), None),
    };
    let holding = admission.load.holding();
    head.extensions.insert(holding.clone());
    if let Some(context) = head.extensions.get_mut::<RequestContext>() {
        context.whole = Instant::now();
    }
    let (kind, pace) =
        if head.method.is_safe() { (Kind::Read, &admission.reads) } else { (Kind::Write, &admission.writes) };
    // Where less is done at once, because it takes long, half of it stays for others.
    let Some(work) = turn.begin(kind, pace.most_for_one()) else {
        pace.fell_short();
        return ApiError::too_many_at_once().into_response();
    };
    let Ok(admitted) = admission.load.admit_at(pace) else { return ApiError::overloaded().into_response() };
    let answer = while_admitted(admitted, next.run(Request::from_parts(head, body))).await;
    drop(work);
    // What a change comes to is one row, and is said in any case.
    let bytes = usize::try_from(answer.body().size_hint().lower()).unwrap_or(usize::MAX);
    let may_hold = turn.hold(bytes);
    if kind == Kind::Read && !may_hold {
        return ApiError::too_many_at_once().into_response();
    }
    if kind == Kind::Read && holding.take_all(bytes).is_err() {
        return ApiError::overloaded().into_response();
    }
    answer.map(|body| Body::new(Pending::new(body, turn, holding)))
}

async fn gather(load: &Load, body: Body) -> Result<(Body, impl Send + use<>), ApiError> {
    let Ok(gathered) = tokio::time::timeout(PATIENCE, load.gather(body, MAX_BYTES)).await else {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time"));
    };
    match gathered {
        Ok(gathered) => Ok(gathered.into_body()),
        Err(TooLarge::ForItself) => Err(too_large()),
        Err(TooLarge::ForNow) => Err(ApiError::overloaded()),
        Err(TooLarge::Broken(_)) => Err(ApiError::new(ErrorCode::MalformedJson, "the body ended before it was whole")),
    }
}
