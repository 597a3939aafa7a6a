//! Channels to the services, with metrics and a client span for each call.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use admission::ResponseMemory;
use grpc_server::{
    LocalChannel,
    calls::{self, End},
};
use http::{HeaderValue, Request, Response};
use telemetry::{EarlyDropGuard, TraceParent, client_span, current_traceparent};
use tonic::{body::Body, transport::Channel};
use tower::Service;
use tracing::Instrument;

use crate::response_body::ResponseBody;

type BoxError = Box<dyn Error + Send + Sync>;
type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

/// A channel to one service.
#[derive(Clone)]
pub enum UpstreamChannel {
    /// Over the network or a Unix socket.
    Remote(Channel),
    /// Within this process.
    Local(LocalChannel),
}

impl Service<Request<Body>> for UpstreamChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        match self {
            Self::Remote(channel) => channel.poll_ready(context).map_err(Into::into),
            Self::Local(channel) => channel.poll_ready(context).map_err(Into::into),
        }
    }

    fn call(&mut self, request: Request<Body>) -> ResponseFuture {
        match self {
            Self::Remote(channel) => {
                let called = channel.call(request);
                Box::pin(async { called.await.map_err(Into::into) })
            }
            Self::Local(channel) => {
                let called = channel.call(request);
                Box::pin(async { called.await.map_err(Into::into) })
            }
        }
    }
}

/// A channel that measures and traces its calls.
#[derive(Clone)]
pub struct TracedChannel(pub UpstreamChannel);

impl Service<Request<Body>> for TracedChannel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> ResponseFuture {
        let began = Instant::now();
        // One of the contract's: it is our own client that calls.
        let method = request.uri().path().trim_start_matches('/').to_owned();
        let span = client_span(&method);
        if let Some(parent) = current_traceparent(&span).and_then(|here| HeaderValue::from_str(&here.to_string()).ok())
        {
            request.headers_mut().insert(TraceParent::HEADER, parent);
        }
        let memory = request.extensions().get::<ResponseMemory>().cloned();
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
