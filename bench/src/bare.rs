//! A bare tonic server and a bare axum server with the stream limit of ours: what they do is what the libraries do
//! (`deploy/http2/verify`).

use axum::{Router, routing::get};
use ofself_proto::sharing::sharing_service_server::SharingServiceServer;
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;

use crate::hop::Constant;

/// `MAX_STREAMS` of the services, by default.
const MAX_STREAMS: u32 = 256;

/// Starts both and returns their addresses, tonic's first.
pub(crate) async fn listen() -> anyhow::Result<[String; 2]> {
    let (grpc, rest) = (TcpListener::bind("127.0.0.1:0").await?, TcpListener::bind("127.0.0.1:0").await?);
    let addresses = [grpc.local_addr()?.to_string(), rest.local_addr()?.to_string()];
    tokio::spawn(
        tonic::transport::Server::builder()
            .max_concurrent_streams(MAX_STREAMS)
            .add_service(SharingServiceServer::new(Constant))
            .serve_with_incoming(TcpIncoming::from(grpc)),
    );
    let router = Router::new().route("/healthz", get(|| async { "ok\n" }));
    tokio::spawn(async move { axum::serve(rest, router).await });
    Ok(addresses)
}
