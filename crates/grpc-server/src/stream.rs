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

/// Maximum bytes of a frame. A connection buffers each frame that it takes outside of the memory budget, whatever the client reads.
const PART: usize = 32 * 1024;

/// A stream that ends at its deadline or on shutdown, with a status. Memory for a message is reserved when its first part is passed to
/// the connection, and released when the connection asks for more after the last one: it has sent that message then, but for one part.
pub(super) struct Bounded {
    body: Body,
    /// The parts of the message that were not passed on.
    rest: Bytes,
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
            rest: Bytes::new(),
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

    fn next_part(&mut self) -> Frame<Bytes> {
        let bytes = self.rest.len().min(PART);
        Frame::data(self.rest.split_to(bytes))
    }

    /// Ends the stream with a status.
    fn end(&mut self, status: &Status) -> Frame<Bytes> {
        self.is_over = true;
        self.body = Body::empty();
        self.rest.clear();
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
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(self.next_part())));
        }
        self.memory.clear();
        if let Poll::Ready(mut frame) = Pin::new(&mut self.body).poll_frame(context) {
            if let Some(trailers) = frame.as_mut().and_then(|frame| frame.as_mut().ok()).and_then(Frame::trailers_mut) {
                with_error_info(trailers, self.domain);
            }
            if let Some(quiet) = &mut self.quiet {
                quiet.as_mut().reset(Instant::now() + QUIET);
            }
            let Some(frame) = frame.transpose()? else { return Poll::Ready(None) };
            let data = match frame.into_data() {
                Ok(data) if !data.is_empty() => data,
                Ok(empty) => return Poll::Ready(Some(Ok(Frame::data(empty)))),
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            };
            if self.memory.grow_to(data.len()).is_err() {
                let overloaded = self.overloaded.clone();
                return Poll::Ready(Some(Ok(self.end(&overloaded))));
            }
            self.rest = data;
            return Poll::Ready(Some(Ok(self.next_part())));
        }
        let Some(status) = self.time_has_come(context) else { return Poll::Pending };
        Poll::Ready(Some(Ok(self.end(&status))))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || (self.rest.is_empty() && self.body.is_end_stream())
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
        // The connection asks for more long before a client has read the whole message.
        let mut taken = one.frame().await.unwrap().unwrap().into_data().unwrap().len();
        while taken < 1_400_000 {
            let mut waiting = stream(&memory);
            assert!(waiting.frame().await.unwrap().unwrap().is_trailers(), "{taken} bytes were taken");
            taken += one.frame().await.unwrap().unwrap().into_data().unwrap().len();
        }
        let ended = other.frame().await.unwrap().unwrap().into_trailers().unwrap();
        assert_eq!(ended["grpc-status"], "8");
        assert!(other.frame().await.is_none());
        let second = one.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(second[0], 8, "the memory of the first response is used again");
        drop(one);
        assert!(stream(&memory).frame().await.unwrap().unwrap().is_data());
    }
}
