//! The end of a response stream: the deadline of its caller, or shutdown.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use admission::Reservation;
use axum::body::{Body, Bytes};
use http::HeaderMap;
use http_body::Frame;
use runtime::shutdown::Shutdown;
use tokio::time::{Instant, Sleep, sleep, sleep_until};
use tonic::{Code, Status};

use super::error_info::with_error_info;
use crate::rpc_error::RpcError;

/// A stream that is idle for this long during shutdown is ended.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// The reason for the end of a stream.
pub(super) struct Until {
    pub(super) deadline: Option<Instant>,
    pub(super) shutdown: Shutdown,
    pub(super) domain: &'static str,
}

/// A stream that ends at its deadline or on shutdown, with a status.
pub(super) struct Bounded {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    domain: &'static str,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Once the process ends.
    quiet: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    _place: Reservation,
}

impl Bounded {
    pub(super) fn new(body: Body, until: Until, place: Reservation) -> Self {
        let Until { deadline, shutdown, domain } = until;
        Self {
            body,
            domain,
            deadline: deadline.map(|at| Box::pin(sleep_until(at))),
            closing: Box::pin(async move { shutdown.closing().await }),
            quiet: None,
            is_over: false,
            _place: place,
        }
    }

    /// Why a stream on which nothing happens is to end now.
    fn time_has_come(&mut self, context: &mut Context<'_>) -> Option<Status> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready()) {
            let reason = "the deadline of the call has passed";
            return Some(RpcError::new("DEADLINE_EXCEEDED").into_status(Code::DeadlineExceeded, reason, self.domain));
        }
        if self.quiet.is_none() && self.closing.as_mut().poll(context).is_ready() {
            self.quiet = Some(Box::pin(sleep(QUIET)));
        }
        let is_quiet = self.quiet.as_mut().is_some_and(|quiet| quiet.as_mut().poll(context).is_ready());
        is_quiet.then(|| shutting_down(self.domain))
    }
}

/// The end of an idle stream on shutdown.
pub(super) fn shutting_down(domain: &'static str) -> Status {
    let message = "this replica is shutting down; call again";
    RpcError::new("SERVICE_UNAVAILABLE").into_status(Code::Unavailable, message, domain)
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(mut frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(trailers) = frame.as_mut().and_then(|frame| frame.as_mut().ok()).and_then(Frame::trailers_mut) {
                with_error_info(trailers, self.domain);
            }
            if let Some(quiet) = &mut self.quiet {
                quiet.as_mut().reset(Instant::now() + QUIET);
            }
            return Poll::Ready(frame);
        }
        let Some(status) = self.time_has_come(context) else { return Poll::Pending };
        self.is_over = true;
        self.body = Body::empty();
        let mut trailers = HeaderMap::new();
        // The two sentences above are written as headers are.
        let _ = status.add_header(&mut trailers);
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }
}
