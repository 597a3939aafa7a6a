//! A channel with metrics and a client span for each call.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use admission::MemoryReservation;
use grpc_server::calls::{self, End};
use http::{HeaderValue, Request, Response};
use telemetry::{EarlyDropGuard, TraceParent, client_span, current_traceparent};
use tonic::{body::Body, transport::Channel};
use tower::Service;
use tracing::Instrument;

use crate::response_body::ResponseBody;

/// A channel to one service.
#[derive(Clone)]
pub struct TracedChannel(pub Channel);

impl Service<Request<Body>> for TracedChannel {
    type Response = Response<Body>;
    type Error = tonic::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let began = Instant::now();
        // One of the contract's: it is our own client that calls.
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = client_span(&method);
        if let Some(parent) = current_traceparent(&span).and_then(|here| HeaderValue::from_str(&here.to_string()).ok())
        {
            request.headers_mut().insert(TraceParent::HEADER, parent);
        }
        let memory = request.extensions().get::<MemoryReservation>().cloned();
        let called = self.0.call(request).instrument(span.clone());
        Box::pin(async move {
            let early_drop =
                EarlyDropGuard::new(|| calls::abandoned(End::Client, method.clone(), began.elapsed(), &span));
            let answered = called.await;
            early_drop.completed();
            let answered = match memory {
                Some(memory) => answered.map(|answer| answer.map(|body| Body::new(ResponseBody::new(body, memory)))),
                None => answered,
            };
            calls::finished(End::Client, method, answered.as_ref().ok().map(Response::headers), began.elapsed(), &span);
            answered
        })
    }
}
