//! The messages of a request stream, each within the memory budget while its handler works on it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use admission::MessageReservation;
use axum::body::{Body, Bytes};
use http_body::Frame;
use tonic::Status;

/// The prefix of a gRPC message: the compression flag and the length.
pub(super) const FRAME_HEAD: usize = 5;

/// A request stream. Memory for a message is reserved before its bytes are passed on, and released when the handler asks for what comes
/// after it.
pub(super) struct MeteredMessages {
    body: Body,
    memory: MessageReservation,
    max_bytes: usize,
    errors: MessageErrors,
    /// The start of the prefix of the next message.
    head: Vec<u8>,
    /// Bytes of the current message that have arrived, and that have not.
    arrived: usize,
    missing: usize,
    /// Bytes that were passed on since the handler last asked, and the start of the current message before them.
    held: usize,
}

/// The responses to messages that are not accepted.
pub(super) struct MessageErrors {
    /// There is no memory.
    pub(super) overloaded: Status,
    /// The message is larger than the method accepts.
    pub(super) too_large: Status,
}

impl MeteredMessages {
    pub(super) fn new(body: Body, memory: MessageReservation, max_bytes: usize, errors: MessageErrors) -> Self {
        Self { body, memory, max_bytes, errors, head: Vec::with_capacity(FRAME_HEAD), arrived: 0, missing: 0, held: 0 }
    }

    /// Counts the messages of a chunk, and reserves what they take.
    fn count(&mut self, mut chunk: &[u8]) -> Result<(), Status> {
        self.held += chunk.len();
        while !chunk.is_empty() {
            if self.missing == 0 {
                let (head, after) = chunk.split_at((FRAME_HEAD - self.head.len()).min(chunk.len()));
                self.head.extend_from_slice(head);
                chunk = after;
                self.arrived = self.head.len();
                let length = self.head.get(1..FRAME_HEAD).and_then(|length| <[u8; 4]>::try_from(length).ok());
                if let Some(length) = length {
                    self.head.clear();
                    self.missing = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
                    if self.missing > self.max_bytes {
                        return Err(self.errors.too_large.clone());
                    }
                }
            }
            let content = self.missing.min(chunk.len());
            self.arrived += content;
            self.missing -= content;
            chunk = chunk.get(content..).unwrap_or_default();
            if self.missing == 0 && self.head.is_empty() {
                self.arrived = 0;
            }
        }
        self.memory.grow_to(self.held + self.missing).map_err(|_| self.errors.overloaded.clone())
    }

    /// Releases the memory of all messages but the one that is arriving: the handler asks for more, so it has read the others.
    fn release_read(&mut self) {
        if self.held == self.arrived {
            return;
        }
        self.held = self.arrived;
        match self.arrived {
            0 => self.memory.clear(),
            // Never released and reserved again: others may have taken it meanwhile.
            arrived => self.memory.shrink_to(arrived + self.missing),
        }
    }
}

impl http_body::Body for MeteredMessages {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.release_read();
        let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(context)) else { return Poll::Ready(None) };
        let frame = frame.map_err(|error| Status::cancelled(error.to_string()))?;
        if let Some(data) = frame.data_ref() {
            self.count(data)?;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use admission::{Caller, MessageMemory};
    use http_body_util::BodyExt;

    use super::*;

    fn message(bytes: usize) -> Vec<u8> {
        let mut message = vec![0];
        message.extend_from_slice(&u32::try_from(bytes).unwrap().to_be_bytes());
        message.resize(FRAME_HEAD + bytes, 7);
        message
    }

    fn stream(memory: &MessageMemory, chunks: Vec<Vec<u8>>) -> MeteredMessages {
        let chunks = chunks.into_iter().map(|chunk| Ok::<_, Status>(Bytes::from(chunk)));
        let body = Body::from_stream(tokio_stream::iter(chunks));
        MeteredMessages::new(
            body,
            memory.reservation(Caller::new(&"a")),
            16 << 20,
            MessageErrors {
                overloaded: Status::resource_exhausted("no memory"),
                too_large: Status::resource_exhausted("too large"),
            },
        )
    }

    #[tokio::test]
    async fn message_above_the_limit_ends_the_stream() {
        let memory = MessageMemory::new(64);
        // What follows its prefix in the same chunk is not taken for a message.
        let mut prefix = message(0);
        prefix.splice(1.., u32::try_from((16 << 20) + 1).unwrap().to_be_bytes());
        let mut one = stream(&memory, vec![[prefix, vec![0; 5_000]].concat()]);
        let error = one.frame().await.unwrap().unwrap_err();
        assert_eq!(error.message(), "too large");
    }

    #[tokio::test]
    async fn message_that_is_arriving_keeps_its_memory() {
        const MIB: usize = 1024 * 1024;
        // Two streams of one caller have half of a large message when another caller takes most of the rest.
        let memory = MessageMemory::new(48);
        let content = [message(10), message(9 * MIB)].concat();
        let halves = || vec![content[..4 * MIB].to_vec(), content[4 * MIB..].to_vec()];
        let mut both = [stream(&memory, halves()), stream(&memory, halves())];
        for one in &mut both {
            one.frame().await.unwrap().unwrap();
        }
        let mut other = memory.reservation(Caller::new(&"b"));
        other.grow_to(12 * MIB).unwrap();
        for one in &mut both {
            assert!(one.frame().await.unwrap().is_ok());
        }
    }

    #[tokio::test]
    async fn every_message_counts_until_the_next_is_asked_for() {
        let memory = MessageMemory::new(4);
        let large = message(1_400_000);
        // In whatever chunks it arrives.
        for size in [3, 4096, 100_000] {
            let whole = [large.clone(), message(10), large.clone()].concat();
            let mut one = stream(&memory, whole.chunks(size).map(<[u8]>::to_vec).collect());
            while one.missing == 0 {
                one.frame().await.unwrap().unwrap();
            }
            {
                let mut other = stream(&memory, vec![large.clone()]);
                assert!(other.frame().await.unwrap().is_err(), "the first message holds the memory");
            }
            while let Some(frame) = one.frame().await {
                frame.unwrap();
            }
            let mut other = stream(&memory, vec![large.clone()]);
            assert!(other.frame().await.unwrap().is_ok(), "{size}: the messages were read");
        }
    }
}
