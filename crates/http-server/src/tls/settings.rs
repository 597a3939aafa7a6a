//! Certificates of a process and the authorities that it trusts.

use std::{path::PathBuf, time::Duration};

use runtime::process::ConfigurationError;

use super::{TlsAcceptor, TlsConnector};

/// The certificate of a server.
#[derive(clap::Args, Clone, Debug)]
pub struct ServerTls {
    /// A PEM file with this server's certificate chain
    #[arg(long, env = "TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate, with restricted permissions
    #[arg(long, env = "TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// How often the certificate files are checked for changes
    #[arg(long, env = "TLS_RELOAD", default_value = "10s", value_parser = humantime::parse_duration)]
    pub tls_reload: Duration,
}

/// The certificate that a client shows to the services it calls.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ClientTls {
    /// A PEM file with the certificate that is shown to the services
    #[arg(long, env = "UPSTREAM_TLS_CERT", value_name = "FILE")]
    pub upstream_tls_cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate, with restricted permissions
    #[arg(long, env = "UPSTREAM_TLS_KEY", value_name = "FILE")]
    pub upstream_tls_key: Option<PathBuf>,
    /// A PEM file with the authorities of the services' certificates
    #[arg(long, env = "UPSTREAM_TLS_CA", value_name = "FILE")]
    pub upstream_tls_ca: Option<PathBuf>,
}

impl Default for ServerTls {
    fn default() -> Self {
        Self { tls_cert: None, tls_key: None, tls_reload: Duration::from_secs(10) }
    }
}

impl ServerTls {
    /// Builds the TLS acceptor; `None` if the settings name no certificate.
    pub fn acceptor(&self) -> Result<Option<TlsAcceptor>, ConfigurationError> {
        self.pair()?.map(|(cert, key)| TlsAcceptor::new(cert, key, None, self.tls_reload)).transpose()
    }

    /// The files of the certificate and its key; `None` when neither is set.
    pub fn pair(&self) -> Result<Option<(PathBuf, PathBuf)>, ConfigurationError> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some((cert.clone(), key.clone()))),
            (Some(_), None) | (None, Some(_)) => {
                Err(ConfigurationError::new("set both TLS_CERT and TLS_KEY, or neither"))
            }
        }
    }
}

impl ClientTls {
    /// Builds the TLS connector; `None` if the settings name no certificate.
    pub fn connector(&self, reload: Duration) -> Result<Option<TlsConnector>, ConfigurationError> {
        match (&self.upstream_tls_cert, &self.upstream_tls_key, &self.upstream_tls_ca) {
            (None, None, None) => Ok(None),
            (Some(cert), Some(key), Some(authorities)) => {
                TlsConnector::new(cert.clone(), key.clone(), authorities.clone(), reload).map(Some)
            }
            (_, _, _) => Err(ConfigurationError::new(
                "set all of UPSTREAM_TLS_CERT, UPSTREAM_TLS_KEY and UPSTREAM_TLS_CA, or none",
            )),
        }
    }
}
