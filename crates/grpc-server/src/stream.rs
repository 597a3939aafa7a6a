//! Response streams: memory for their messages, and their end at the deadline of the caller or on shutdown.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use admission::{MessageReservation, Reservation};
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

/// What a stream takes of the limits of its server.
pub(super) struct StreamLimits {
    /// Its place among the open streams.
    pub(super) place: Reservation,
    /// The memory of its responses.
    pub(super) memory: MessageReservation,
    /// The response when there is no memory.
    pub(super) overloaded: Status,
}

/// A stream that ends at its deadline or on shutdown, with a status. Memory for a message is reserved when it is passed to the
/// connection, and released when the connection asks for more: it has sent that message then, as far as flow control allows.
pub(super) struct Bounded {
    body: Body,
    deadline: Option<Pin<Box<Sleep>>>,
    domain: &'static str,
    closing: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// Once the process ends.
    quiet: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    memory: MessageReservation,
    overloaded: Status,
    _place: Reservation,
}

impl Bounded {
    pub(super) fn new(body: Body, until: Until, limits: StreamLimits) -> Self {
        let Until { deadline, shutdown, domain } = until;
        let StreamLimits { place, memory, overloaded } = limits;
        Self {
            body,
            domain,
            deadline: deadline.map(|at| Box::pin(sleep_until(at))),
            closing: Box::pin(async move { shutdown.closing().await }),
            quiet: None,
            is_over: false,
            memory,
            overloaded,
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

    /// Ends the stream with a status.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.is_over = true;
        self.body = Body::empty();
        self.memory.clear();
        let mut trailers = HeaderMap::new();
        // Their messages are written as headers are.
        let _ = status.add_header(&mut trailers);
        Frame::trailers(trailers)
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
        self.memory.clear();
        if let Poll::Ready(mut frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(trailers) = frame.as_mut().and_then(|frame| frame.as_mut().ok()).and_then(Frame::trailers_mut) {
                with_error_info(trailers, self.domain);
            }
            if let Some(quiet) = &mut self.quiet {
                quiet.as_mut().reset(Instant::now() + QUIET);
            }
            let bytes =
                frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref).map_or(0, Bytes::len);
            if bytes > 0 && self.memory.grow_to(bytes).is_err() {
                let overloaded = self.overloaded.clone();
                return Poll::Ready(Some(Ok(self.end(&overloaded))));
            }
            return Poll::Ready(frame);
        }
        let Some(status) = self.time_has_come(context) else { return Poll::Pending };
        Poll::Ready(Some(Ok(self.end(&status))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use admission::{Caller, MessageMemory, SharedPool};
    use http_body_util::BodyExt;

    use super::*;

    /// A stream of two responses of 1.4 MB.
    fn stream(memory: &MessageMemory) -> Bounded {
        let messages = [vec![7; 1_400_000], vec![8; 1_400_000]];
        let messages = messages.into_iter().map(|message| Ok::<_, Status>(Bytes::from(message)));
        let caller = Caller::new(&"a");
        let limits = StreamLimits {
            place: SharedPool::new("test", 1).reservation(caller),
            memory: memory.reservation(caller),
            overloaded: Status::resource_exhausted("no memory"),
        };
        let until = Until { deadline: None, shutdown: Shutdown::default(), domain: "test" };
        Bounded::new(Body::from_stream(tokio_stream::iter(messages)), until, limits)
    }

    #[tokio::test]
    async fn response_holds_its_memory_until_it_is_sent() {
        let memory = MessageMemory::new(4);
        let (mut one, mut other) = (stream(&memory), stream(&memory));
        assert!(one.frame().await.unwrap().unwrap().is_data());
        let ended = other.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(ended["grpc-status"], "8");
        assert!(other.frame().await.is_none());
        assert!(one.frame().await.unwrap().unwrap().is_data(), "the memory of the first response is used again");
        drop(one);
        assert!(stream(&memory).frame().await.unwrap().unwrap().is_data());
    }
}
