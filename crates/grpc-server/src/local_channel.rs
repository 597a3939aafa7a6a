//! A channel to a gRPC server in the same process: no socket and no HTTP/2. Authorization, deadlines, limits and metrics are those of any
//! other call.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use http_server::Peer;
use tokio::{sync::SetOnce, time::timeout};
use tonic::{Status, body::Body};
use tower::Service;

use super::guard::Guarded;

/// How long a call waits for its server to serve: a socket would hold it in its backlog.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// A channel to a server of this process. A call waits shortly for the server to serve, and then fails with `UNAVAILABLE`.
#[derive(Clone, Default)]
pub struct LocalChannel(Arc<SetOnce<Guarded>>);

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
        let connected = self.0.clone();
        request.extensions_mut().insert(Peer::Anyone);
        Box::pin(async move {
            let mut app = match connected.get() {
                Some(app) => app.clone(),
                None => timeout(CONNECT_TIMEOUT, connected.wait())
                    .await
                    .map_err(|_| Status::unavailable("the service does not serve yet"))?
                    .clone(),
            };
            let Ok(response) = app.call(request.map(axum::body::Body::new)).await;
            Ok(response.map(Body::new))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn call_before_the_server_serves_waits_and_then_fails() {
        let status = LocalChannel::default().call(Request::new(Body::empty())).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::Unavailable);
    }
}
