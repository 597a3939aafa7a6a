//! Listening and serving, with every bound set.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{service::Routes, transport::Server};
use tonic_reflection::server::Builder;
use tracing::warn;

use super::GrpcSettings;
use crate::{process::ConfigurationError, shutdown::Shutdown};

/// Clients come back to another replica after this long, so that a new one gets its share of the work.
const CONNECTION_AGE: Duration = Duration::from_mins(30);
/// What a client may send before it is read: the questions of 10,000 nodes are of this size.
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;
/// A peer that does not answer a ping by then is gone.
const PING_PATIENCE: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(30);

/// What a server says of itself by reflection.
pub struct Contract {
    /// The file descriptor set of the whole contract.
    pub descriptors: &'static [u8],
    /// The full names of the services that it lists.
    pub listed: Vec<&'static str>,
}

/// Takes the address, or says why not: plain text is for loopback only, unless the settings insist.
pub async fn bind(address: SocketAddr, settings: &GrpcSettings) -> anyhow::Result<TcpListener> {
    if !settings.admits(address) {
        return Err(ConfigurationError::new(format!(
            "{address} is not a loopback address and plain text would let anyone in; listen on 127.0.0.1 or pass --insecure-plaintext"
        ))
        .into());
    }
    if !address.ip().is_loopback() {
        warn!(%address, "listening in plain text: whoever reaches this address has every role");
    }
    TcpListener::bind(address)
        .await
        .map_err(|error| ConfigurationError::new(format!("cannot listen on {address}: {error}")).into())
}

/// Serves `routes`, with reflection (v1, and v1alpha for clients that have nothing newer), until the shutdown begins and
/// what is under way has finished, or `drain` has passed.
pub async fn serve(
    listener: TcpListener,
    routes: Routes,
    contract: &Contract,
    settings: &GrpcSettings,
    shutdown: Shutdown,
    drain: Duration,
) -> anyhow::Result<()> {
    let routes = if settings.reflection { with_reflection(routes, contract)? } else { routes };
    let incoming = tokio_stream::StreamExt::map(TcpListenerStream::new(listener), |stream| {
        // The server's own TCP options do not reach sockets that were accepted elsewhere.
        stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream))
    });
    let serving = Server::builder()
        .timeout(settings.deadline)
        .max_concurrent_streams(settings.max_streams)
        .max_connection_age(CONNECTION_AGE)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keepalive_interval(Some(PING_EVERY))
        .http2_keepalive_timeout(Some(PING_PATIENCE))
        .trace_fn(|request| {
            let request_id = request.headers().get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            tracing::info_span!("rpc", method = request.uri().path(), request_id)
        })
        .add_routes(routes)
        .serve_with_incoming_shutdown(incoming, shutdown.begun());
    let Some(served) = shutdown.bound(drain, serving).await else {
        warn!("calls were still under way when the drain time was over; they were cut");
        return Ok(());
    };
    served.context("the gRPC server failed")
}

fn with_reflection(routes: Routes, contract: &Contract) -> anyhow::Result<Routes> {
    let configure = || {
        let builder = Builder::configure()
            .register_encoded_file_descriptor_set(contract.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        contract.listed.iter().fold(builder, |builder, service| builder.with_service_name(*service))
    };
    Ok(routes.add_service(configure().build_v1()?).add_service(configure().build_v1alpha()?))
}
