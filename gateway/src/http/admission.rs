//! The layer that works on no more at once than there is room for, and gives nobody the room of all.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::Method;
use http_body::{Frame, SizeHint};
use service_kit::server::{Holding, Load, LoadSettings, Pace, TooLarge, while_admitted};

use super::{
    body::{MAX_BYTES, PATIENCE},
    context::RequestContext,
};
use crate::{
    auth::Caller,
    error::{ApiError, ErrorCode},
    fair_share::{FairShare, Share},
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
        let load = Load::new(load);
        let (reads, writes) = (load.pace(), load.pace());
        Self { load, fair_share: FairShare::new(max_in_flight_per_user), reads, writes }
    }
}

/// Waits until the body of a request is whole, and lets it in if there is room. A body that comes slowly takes nobody's place.
pub async fn admit(State(admission): State<Admission>, caller: Caller, request: Request, next: Next) -> Response {
    let Some(share) = admission.fair_share.take(&caller.user) else {
        return ApiError::too_many_at_once().into_response();
    };
    let (mut head, body) = request.into_parts();
    let (body, _memory) = match head.method {
        Method::POST | Method::PUT => match gather(&admission.load, body).await {
            Ok((body, memory)) => (body, Some(memory)),
            Err(error) => return error.into_response(),
        },
        _ => (Body::empty(), None),
    };
    let holding = admission.load.holding();
    head.extensions.insert(holding.clone());
    if let Some(context) = head.extensions.get_mut::<RequestContext>() {
        context.whole = Instant::now();
    }
    let pace = if head.method.is_safe() { &admission.reads } else { &admission.writes };
    let Ok(admitted) = admission.load.admit_at(pace) else { return ApiError::overloaded().into_response() };
    let answer = while_admitted(admitted, next.run(Request::from_parts(head, body))).await;
    // Until it has taken the whole answer, the request is one of those that its user has under way.
    answer.map(|body| Body::new(Held { body, _share: share, _memory: holding }))
}

/// The body of an answer that is not taken yet.
struct Held {
    body: Body,
    _share: Share,
    _memory: Holding,
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn gather(load: &Load, body: Body) -> Result<(Body, impl Send + use<>), ApiError> {
    let Ok(gathered) = tokio::time::timeout(PATIENCE, load.gather(body, MAX_BYTES)).await else {
        return Err(ApiError::new(ErrorCode::MalformedJson, "the body did not arrive in time"));
    };
    match gathered {
        Ok(gathered) => Ok(gathered.into_body()),
        Err(TooLarge::ForItself) => Err(ApiError::new(ErrorCode::PayloadTooLarge, "the body is larger than 256 KiB")),
        Err(TooLarge::ForNow) => Err(ApiError::overloaded()),
        Err(TooLarge::Broken(_)) => Err(ApiError::new(ErrorCode::MalformedJson, "the body ended before it was whole")),
    }
}
