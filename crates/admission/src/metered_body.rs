//! Response body that holds its memory until the client has read it.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http_body::{Frame, SizeHint};

use crate::ResponseMemory;

/// Maximum bytes of a response frame. A connection buffers each frame outside of the memory budget, so a slow client must not get the
/// whole response at once.
const PART: usize = 32 * 1024;

/// The body of a response. Until the client has read all of it, its memory is reserved.
pub struct MeteredBody {
    body: Body,
    /// What came of it and was not given out.
    rest: Bytes,
    _memory: ResponseMemory,
}

impl MeteredBody {
    /// A body that holds its memory until all of it is taken.
    pub fn new(body: Body, memory: ResponseMemory) -> Self {
        Self { body, rest: Bytes::new(), _memory: memory }
    }
}

impl http_body::Body for MeteredBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else { return Poll::Pending };
            let Some(frame) = frame.transpose()? else { return Poll::Ready(None) };
            match frame.into_data() {
                Ok(data) => self.rest = data,
                Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
            }
        }
        let bytes = self.rest.len().min(PART);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let of_body = self.body.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(of_body.lower() + rest);
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt;

    use super::*;
    use crate::{Caller, SharedPool};

    #[tokio::test]
    async fn memory_is_held_until_the_last_part_is_read() {
        let pool = SharedPool::new("test", 1_000_000);
        let ann = Caller::new(&"ann");
        let whole: Vec<u8> = (0..100_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        let memory = ResponseMemory::new(pool.reservation(ann));
        memory.reserve(900_000).unwrap();
        let mut body = MeteredBody::new(Body::from(whole.clone()), memory);
        let mut taken = Vec::new();
        while taken.len() < whole.len() {
            assert!(!body.is_end_stream() && pool.try_reserve(ann, 200_000).is_err());
            assert_eq!(body.size_hint().exact(), Some((whole.len() - taken.len()) as u64));
            let part = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert!(part.len() <= PART);
            taken.extend_from_slice(&part);
        }
        assert!(body.is_end_stream() && taken == whole);
        drop(body);
        assert!(pool.try_reserve(ann, 200_000).is_ok());
    }
}
