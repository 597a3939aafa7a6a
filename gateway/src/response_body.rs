//! Response bodies of services, within the memory budget.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use admission::MemoryReservation;
use axum::body::Bytes;
use http_body::Frame;
use tonic::{Status, body::Body};

/// The body of an answer, each part of which takes its memory from what the gateway has for all of them: a page of the largest
/// rows is many times a request, and a hundred such pages at once would be more than there is.
pub(crate) struct ResponseBody {
    body: Body,
    memory: MemoryReservation,
}

impl ResponseBody {
    pub(crate) fn new(body: Body, memory: MemoryReservation) -> Self {
        Self { body, memory }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
            && self.memory.reserve(data.len()).is_err()
        {
            return Poll::Ready(Some(Err(Status::resource_exhausted("not enough memory for the response"))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use admission::{AdmissionController, AdmissionSettings};
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn response_is_read_as_memory_permits() {
        let load = AdmissionController::new(&AdmissionSettings { max_body_memory: 1, ..AdmissionSettings::default() });
        let answer = |memory| ResponseBody::new(Body::new(Full::new(Bytes::from(vec![7; 600 * 1024]))), memory);
        let first = load.reservation();
        assert_eq!(answer(first.clone()).collect().await.unwrap().to_bytes().len(), 600 * 1024);
        let refused = answer(load.reservation()).collect().await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        drop(first);
        assert!(answer(load.reservation()).collect().await.is_ok());
    }
}
