//! Taking connections by TLS.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime},
};

use runtime::process::ConfigurationError;
use rustls::{
    ServerConfig,
    server::{NoServerSessionStorage, WebPkiClientVerifier},
    version::TLS13,
};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::{
    expiry,
    files::{authorities, certificates, private_key, provider, unusable},
    reload::Reloaded,
    spiffe::SpiffeId,
};

/// Accepts TLS connections with the current certificates.
#[derive(Clone)]
pub struct TlsAcceptor {
    config: Arc<Reloaded<ServerConfig>>,
    /// The authorities of clients alone: a certificate of our own that is renewed ends no connection.
    authorities: Option<Arc<Reloaded<()>>>,
}

/// A client by its certificate.
pub(crate) struct CertifiedPeer {
    /// Its SPIFFE id, if there is one.
    pub(crate) id: Option<SpiffeId>,
    /// Until when the certificate is good; `None`: without end, or no certificate was requested.
    pub(crate) valid_until: Option<SystemTime>,
}

impl TlsAcceptor {
    /// Shows `cert`. With `client_authorities` a client must show a certificate of one of them, and both sides speak TLS 1.3;
    /// without, any client may connect, by TLS 1.2 or 1.3 and HTTP/1.1 or 2.
    pub fn new(
        cert: PathBuf,
        key: PathBuf,
        client_authorities: Option<PathBuf>,
        reload: Duration,
    ) -> Result<Self, ConfigurationError> {
        let trusted = client_authorities.clone();
        let read = |file: PathBuf| Reloaded::new(vec![file.clone()], reload, move || authorities(&file).map(drop));
        let authorities = trusted.map(read).transpose()?;
        let files = [Some(cert.clone()), Some(key.clone()), client_authorities.clone()].into_iter().flatten().collect();
        let make = move || {
            let made = match &client_authorities {
                Some(authorities) => mutual(&cert, &key, authorities),
                None => one_sided(&cert, &key),
            };
            made.inspect(|_| expiry::show("server", &cert))
        };
        Ok(Self { config: Reloaded::new(files, reload, make)?, authorities })
    }

    /// Completes the handshake and authenticates the client, if a certificate was requested.
    pub(crate) async fn accept(&self, stream: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, CertifiedPeer)> {
        let stream = tokio_rustls::TlsAcceptor::from(self.config.current()).accept(stream).await?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
        let peer = CertifiedPeer { id: shown.and_then(SpiffeId::of), valid_until: shown.and_then(expiry::not_after) };
        Ok((stream, peer))
    }

    /// Returns when clients may have been authenticated by authorities that are no longer trusted: their file has changed.
    pub(crate) async fn authorities_changed(&self) {
        match &self.authorities {
            Some(authorities) => authorities.changed().await,
            None => std::future::pending().await,
        }
    }
}

fn mutual(cert: &Path, key: &Path, client_authorities: &Path) -> Result<ServerConfig, ConfigurationError> {
    let verifier = WebPkiClientVerifier::builder_with_provider(authorities(client_authorities)?, provider())
        .build()
        .map_err(|error| ConfigurationError::new(format!("{}: {error}", client_authorities.display())))?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| ConfigurationError::new(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(cert)?, private_key(key)?)
        .map_err(|error| unusable(cert, &error))?;
    // A resumed session would skip the check of a certificate that may be withdrawn.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

fn one_sided(cert: &Path, key: &Path) -> Result<ServerConfig, ConfigurationError> {
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigurationError::new(error.to_string()))?
        .with_no_client_auth()
        .with_single_cert(certificates(cert)?, private_key(key)?)
        .map_err(|error| unusable(cert, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
