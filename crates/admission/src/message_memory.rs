//! Memory of messages that are read whole: large ones take theirs from a pool of their own, so they never displace small ones.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http_body::Frame;
use http_body_util::BodyExt;

use crate::{Caller, RejectionReason, Reservation, SharedPool};

/// A message of up to this many bytes is small.
pub const SMALL_MESSAGE: usize = 64 * 1024;
/// The unit of accounting: a message takes at least this many bytes.
const UNIT: usize = 1024;
/// Smaller chunks of a body are merged: each chunk has an overhead of many bytes.
const CHUNK: usize = 4096;

/// Memory of the messages that a server reads.
#[derive(Clone, Debug)]
pub struct MessageMemory {
    small: Arc<SharedPool>,
    large: Arc<SharedPool>,
}

/// The memory of one message while it arrives: in the pool of small ones until it is larger.
#[derive(Debug)]
pub struct MessageReservation {
    memory: MessageMemory,
    caller: Caller,
    reserved: Reservation,
    bytes: usize,
}

/// A complete body and the memory reserved for it.
pub struct BufferedBody {
    chunks: Vec<Bytes>,
    memory: MessageReservation,
}

/// Why a body was not buffered.
#[derive(Debug)]
pub enum BufferError {
    /// The body exceeds its own limit.
    BodyTooLarge,
    /// There is no memory for it.
    MemoryExhausted(RejectionReason),
    /// The body ended early.
    Incomplete(axum::Error),
}

impl MessageMemory {
    /// `mebibytes` in all; a quarter of them for small messages.
    pub fn new(mebibytes: u32) -> Self {
        let bytes = u64::from(mebibytes) * 1024 * 1024;
        let small = bytes / 4;
        Self {
            small: SharedPool::new("small_message_bytes", small),
            large: SharedPool::new("large_message_bytes", bytes - small),
        }
    }

    /// An empty reservation for a message of `caller`.
    pub fn reservation(&self, caller: Caller) -> MessageReservation {
        MessageReservation { memory: self.clone(), caller, reserved: self.small.reservation(caller), bytes: 0 }
    }

    /// Buffers a body of at most `max_bytes`. A slow body holds memory, but no permit.
    pub async fn buffer(&self, caller: Caller, mut body: Body, max_bytes: usize) -> Result<BufferedBody, BufferError> {
        let mut memory = self.reservation(caller);
        let (mut chunks, mut small) = (Vec::new(), Vec::new());
        let mut bytes = 0_usize;
        while let Some(frame) = body.frame().await {
            // Trailers of a request are ignored.
            let Ok(data) = frame.map_err(BufferError::Incomplete)?.into_data() else { continue };
            bytes += data.len();
            if bytes > max_bytes {
                return Err(BufferError::BodyTooLarge);
            }
            memory.grow_to(bytes).map_err(BufferError::MemoryExhausted)?;
            if small.is_empty() && data.len() >= CHUNK {
                chunks.push(data);
            } else {
                small.extend_from_slice(&data);
            }
            if small.len() >= CHUNK {
                chunks.push(std::mem::take(&mut small).into());
            }
        }
        if !small.is_empty() {
            chunks.push(small.into());
        }
        Ok(BufferedBody { chunks, memory })
    }
}

impl MessageReservation {
    /// Reserves memory for a message of this many bytes.
    pub fn grow_to(&mut self, bytes: usize) -> Result<(), RejectionReason> {
        let bytes = bytes.div_ceil(UNIT) * UNIT;
        if bytes <= self.bytes {
            return Ok(());
        }
        if self.bytes <= SMALL_MESSAGE && bytes > SMALL_MESSAGE {
            self.reserved = self.memory.large.try_reserve(self.caller, bytes as u64)?;
        } else {
            self.reserved.try_grow((bytes - self.bytes) as u64)?;
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Releases what exceeds this many bytes.
    pub fn shrink_to(&mut self, bytes: usize) {
        let bytes = bytes.div_ceil(UNIT) * UNIT;
        if bytes < self.bytes {
            self.reserved.release((self.bytes - bytes) as u64);
            self.bytes = bytes;
        }
    }

    /// Releases the memory, for the next message.
    pub fn clear(&mut self) {
        self.reserved = self.memory.small.reservation(self.caller);
        self.bytes = 0;
    }
}

impl BufferedBody {
    /// The first chunk: at least 4,096 bytes of a body that has as many.
    pub fn first(&self) -> &[u8] {
        self.chunks.first().map_or(&[], |chunk| chunk.as_ref())
    }

    /// The content.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.chunks.iter().map(AsRef::as_ref)
    }

    /// The body, and its memory.
    pub fn into_body(self) -> (Body, MessageReservation) {
        let mut chunks = self.chunks.into_iter();
        let body = match chunks.len() {
            0 => Body::empty(),
            1 => Body::from(chunks.next().unwrap_or_default()),
            _ => Body::new(Chunks(chunks)),
        };
        (body, self.memory)
    }
}

/// The chunks of a buffered body.
struct Chunks(std::vec::IntoIter<Bytes>);

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.next().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    /// A body in chunks of this size.
    fn chunked(bytes: usize, chunk: usize) -> Body {
        let chunks: Vec<_> = vec![7; bytes].chunks(chunk).map(|chunk| Bytes::from(chunk.to_vec())).collect();
        Body::new(Chunks(chunks.into_iter()))
    }

    #[tokio::test]
    async fn small_chunks_are_merged() {
        for (chunk, chunks) in [(1, 3), (4095, 2), (4096, 3), (10_000, 2)] {
            let buffered =
                MessageMemory::new(1).buffer(Caller::new(&"a"), chunked(12_288, chunk), 20_000).await.unwrap();
            assert_eq!(buffered.chunks.len(), chunks, "{chunk}");
            assert!(buffered.first().len() >= 4096);
            let (body, _memory) = buffered.into_body();
            assert_eq!(body.collect().await.unwrap().to_bytes(), vec![7; 12_288]);
        }
    }

    #[tokio::test]
    async fn large_messages_never_refuse_small_ones() {
        let memory = MessageMemory::new(8);
        let buffer =
            async |caller: u32, bytes| memory.buffer(Caller::new(&caller), chunked(bytes, CHUNK * 4), 16 * MIB).await;
        let mut held = Vec::new();
        for caller in 0..20 {
            if let Ok(message) = buffer(caller, 3 * MIB).await {
                held.push(message);
            }
        }
        assert!(held.len() >= 2 && matches!(buffer(30, 3 * MIB).await, Err(BufferError::MemoryExhausted(_))));
        assert!(buffer(0, SMALL_MESSAGE).await.is_ok() && buffer(40, SMALL_MESSAGE).await.is_ok());
    }

    #[tokio::test]
    async fn unfinished_messages_of_one_caller_leave_memory_to_others() {
        let memory = MessageMemory::new(8);
        let buffer = async |caller: &str| memory.buffer(Caller::new(&caller), chunked(60 * 1024, 4096), MIB).await;
        let mut held = Vec::new();
        while let Ok(message) = buffer("greedy").await {
            held.push(message);
        }
        for other in 0..10 {
            held.push(buffer(&format!("other {other}")).await.unwrap());
        }
    }

    #[tokio::test]
    async fn buffered_body_holds_its_memory() {
        let memory = MessageMemory::new(1);
        let [ann, bob] = ["ann", "bob"].map(|name| Caller::new(&name));
        let body = || Body::from(vec![7; 600 * 1024]);
        let held = memory.buffer(ann, body(), MIB).await.unwrap();
        assert!(matches!(memory.buffer(bob, body(), MIB).await, Err(BufferError::MemoryExhausted(_))));
        assert!(matches!(memory.buffer(bob, body(), 100).await, Err(BufferError::BodyTooLarge)));
        let (again, reserved) = held.into_body();
        assert_eq!(again.collect().await.unwrap().to_bytes().len(), 600 * 1024);
        drop(reserved);
        assert!(memory.buffer(bob, body(), MIB).await.is_ok());
    }

    #[test]
    fn reservation_is_reused_for_the_next_message() {
        let memory = MessageMemory::new(1);
        let mut one = memory.reservation(Caller::new(&"a"));
        for _ in 0..100 {
            one.grow_to(10).unwrap();
            one.grow_to(700 * 1024).unwrap();
            one.clear();
        }
        assert!(one.grow_to(800 * 1024).is_err());
    }
}
