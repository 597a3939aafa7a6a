//! Requests in flight on one connection, and how long it is idle.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// The life of one connection.
pub(super) struct ConnectionActivity {
    began: Instant,
    in_flight: AtomicU32,
    /// Milliseconds after `began`; 0 as long as nothing has happened.
    last: AtomicU64,
}

/// A request in flight, from its headers to the last byte of its response.
pub(super) struct InFlightGuard(Arc<ConnectionActivity>);

/// A response body: reading a part counts as activity, its end ends the request.
pub(super) struct TrackedBody {
    pub(super) body: Body,
    pub(super) in_flight: InFlightGuard,
}

impl ConnectionActivity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { began: Instant::now(), in_flight: AtomicU32::new(0), last: AtomicU64::new(0) })
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>) -> InFlightGuard {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.happened();
        InFlightGuard(self.clone())
    }

    pub(super) fn began(&self) -> Instant {
        self.began
    }

    pub(super) fn has_requests_in_flight(&self) -> bool {
        self.in_flight.load(Ordering::Relaxed) > 0
    }

    /// Whether a request ever came.
    pub(super) fn was_used(&self) -> bool {
        self.last.load(Ordering::Relaxed) > 0
    }

    /// When something last happened.
    pub(super) fn last(&self) -> Instant {
        self.began + Duration::from_millis(self.last.load(Ordering::Relaxed))
    }

    fn happened(&self) {
        let since = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(since.max(1), Ordering::Relaxed);
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.0.happened();
    }
}

impl http_body::Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            self.in_flight.0.happened();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
