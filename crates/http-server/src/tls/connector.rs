//! Connecting to the services by TLS.

use std::{
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::rt::TokioIo;
use runtime::process::ConfigurationError;
use rustls::{ClientConfig, client::Resumption, pki_types::ServerName, version::TLS13};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tower::Service;

use super::{
    expiry,
    files::{authorities, certificates, private_key, provider, unusable},
    reload::Reloaded,
};

/// Connects to services by TLS 1.3 and HTTP/2, with the current client certificate.
#[derive(Clone)]
pub struct TlsConnector(Arc<Reloaded<ClientConfig>>);

impl TlsConnector {
    /// Presents `cert`, and accepts servers with a certificate of one of `authorities` for their host name.
    pub fn new(
        cert: PathBuf,
        key: PathBuf,
        server_authorities: PathBuf,
        reload: Duration,
    ) -> Result<Self, ConfigurationError> {
        let files = vec![cert.clone(), key.clone(), server_authorities.clone()];
        let make = move || client(&cert, &key, &server_authorities).inspect(|_| expiry::show("client", &cert));
        Reloaded::new(files, reload, make).map(Self)
    }

    async fn connect(config: Arc<ClientConfig>, uri: Uri) -> io::Result<TlsStream<TcpStream>> {
        let host = uri.host().ok_or_else(|| io::Error::other("an address without a host"))?.trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
        stream.set_nodelay(true)?;
        tokio_rustls::TlsConnector::from(config).connect(name, stream).await
    }
}

impl Service<Uri> for TlsConnector {
    type Response = TokioIo<TlsStream<TcpStream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let config = self.0.current();
        Box::pin(async move { Self::connect(config, uri).await.map(TokioIo::new) })
    }
}

fn client(cert: &Path, key: &Path, server_authorities: &Path) -> Result<ClientConfig, ConfigurationError> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| ConfigurationError::new(error.to_string()))?
        .with_root_certificates(authorities(server_authorities)?)
        .with_client_auth_cert(certificates(cert)?, private_key(key)?)
        .map_err(|error| unusable(cert, &error))?;
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}
