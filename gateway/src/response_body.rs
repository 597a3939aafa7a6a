//! Response bodies of services, within the memory budget.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use admission::{RejectionReason, ResponseMemory};
use axum::body::Bytes;
use grpc_server::rpc_error::RpcError;
use http_body::Frame;
use tonic::{Code, Status, body::Body};

/// The retry delay of a rejected request.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A response body that reserves memory for each part: a page of the largest rows is many times as large as its request.
pub(crate) struct ResponseBody {
    body: Body,
    memory: ResponseMemory,
}

impl ResponseBody {
    pub(crate) fn new(body: Body, memory: ResponseMemory) -> Self {
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
            && let Err(reason) = self.memory.reserve(data.len())
        {
            return Poll::Ready(Some(Err(no_memory(reason))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// The error of the call, with the code of the response to the user.
fn no_memory(reason: RejectionReason) -> Status {
    let code = match reason {
        RejectionReason::CallerShare => "RATE_LIMIT_EXCEEDED",
        RejectionReason::QueueFull
        | RejectionReason::Displaced
        | RejectionReason::WaitedTooLong
        | RejectionReason::Exhausted => "SERVICE_UNAVAILABLE",
    };
    let message = "not enough memory for the response; read earlier responses first";
    RpcError::new(code).with_retry(RETRY_AFTER).into_status(Code::ResourceExhausted, message, "gateway.ofself.ai")
}

#[cfg(test)]
mod tests {
    use admission::{Caller, SharedPool};
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn response_is_read_as_memory_permits() {
        let pool = SharedPool::new("test", 1024 * 1024);
        let memory = || ResponseMemory::new(pool.reservation(Caller::new(&"ann")));
        let answer = |memory| ResponseBody::new(Body::new(Full::new(Bytes::from(vec![7; 600 * 1024]))), memory);
        let first = memory();
        assert_eq!(answer(first.clone()).collect().await.unwrap().to_bytes().len(), 600 * 1024);
        let refused = answer(memory()).collect().await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::ResourceExhausted);
        drop(first);
        assert!(answer(memory()).collect().await.is_ok());
    }
}
