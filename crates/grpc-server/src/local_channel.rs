//! A channel to a gRPC server in the same process: no socket and no HTTP/2. Authorization, deadlines, limits and metrics are those of any
//! other call.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::{Request, Response};
use http_server::Peer;
use tonic::{Status, body::Body};
use tower::Service;

use super::guard::Guarded;

/// A channel to a server of this process; calls fail with `UNAVAILABLE` until it serves.
#[derive(Clone, Default)]
pub struct LocalChannel(Arc<OnceLock<Guarded>>);

impl LocalChannel {
    pub(super) fn connect(&self, app: Guarded) {
        // A server serves once.
        let _ = self.0.set(app);
    }
}

impl Service<Request<Body>> for LocalChannel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Status>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let app = self.0.get().cloned();
        request.extensions_mut().insert(Peer::Anyone);
        Box::pin(async move {
            let mut app = app.ok_or_else(|| Status::unavailable("the service does not serve yet"))?;
            let Ok(response) = app.call(request.map(axum::body::Body::new)).await;
            Ok(response.map(Body::new))
        })
    }
}
