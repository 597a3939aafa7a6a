//! Which certificates a process shows, and whose it takes.

use std::{path::PathBuf, time::Duration};

use super::{SpiffeId, TlsAcceptor, TlsConnector};
use crate::{grpc::Role, process::ConfigurationError, settings::duration};

/// The certificate of a server.
#[derive(clap::Args, Clone, Debug)]
pub struct ServerTls {
    /// A PEM file with this server's certificate, and those between it and its authority
    #[arg(long, env = "TLS_CERT", value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate, which not everybody may read
    #[arg(long, env = "TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// How often the files of certificates are looked at for newer ones
    #[arg(long, env = "TLS_RELOAD", default_value = "10s", value_parser = duration)]
    pub tls_reload: Duration,
}

/// The certificate of a server that asks its clients for theirs, and the roles of those clients.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct MutualTls {
    #[command(flatten)]
    #[expect(missing_docs, reason = "explained where it is declared")]
    pub server: ServerTls,
    /// A PEM file with the authorities whose certificates clients may show
    #[arg(long, env = "TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// Who may call what: SPIFFE ids and their roles (gateway, service, operator), as in `spiffe://ofself.ai/gateway=gateway`
    #[arg(long, env = "ROLES", value_delimiter = ',', value_name = "ID=ROLE", value_parser = role_of)]
    pub roles: Vec<(SpiffeId, Role)>,
}

/// The certificate that a client shows to the services it calls.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct ClientTls {
    /// A PEM file with the certificate that is shown to the services
    #[arg(long, env = "UPSTREAM_TLS_CERT", value_name = "FILE")]
    pub upstream_tls_cert: Option<PathBuf>,
    /// A PEM file with the key of that certificate, which not everybody may read
    #[arg(long, env = "UPSTREAM_TLS_KEY", value_name = "FILE")]
    pub upstream_tls_key: Option<PathBuf>,
    /// A PEM file with the authorities whose certificates the services may show
    #[arg(long, env = "UPSTREAM_TLS_CA", value_name = "FILE")]
    pub upstream_tls_ca: Option<PathBuf>,
}

impl Default for ServerTls {
    fn default() -> Self {
        Self { tls_cert: None, tls_key: None, tls_reload: Duration::from_secs(10) }
    }
}

impl ServerTls {
    /// Takes TLS connections as the settings say; `None` where they name no certificate.
    pub fn acceptor(&self) -> Result<Option<TlsAcceptor>, ConfigurationError> {
        self.pair()?.map(|(cert, key)| TlsAcceptor::new(cert, key, None, self.tls_reload)).transpose()
    }

    fn pair(&self) -> Result<Option<(PathBuf, PathBuf)>, ConfigurationError> {
        match (&self.tls_cert, &self.tls_key) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some((cert.clone(), key.clone()))),
            (Some(_), None) | (None, Some(_)) => {
                Err(ConfigurationError::new("TLS_CERT and TLS_KEY go together: name both or neither"))
            }
        }
    }
}

impl MutualTls {
    /// Takes TLS connections of clients with a certificate; `None` where the settings name none.
    pub fn acceptor(&self) -> Result<Option<TlsAcceptor>, ConfigurationError> {
        match (self.server.pair()?, &self.tls_client_ca) {
            (None, None) if self.roles.is_empty() => Ok(None),
            (None, None) => Err(ConfigurationError::new(
                "ROLES are told by certificates, and without TLS every peer has every role: name TLS_CERT, TLS_KEY and TLS_CLIENT_CA, or leave ROLES out",
            )),
            (Some(_), Some(_)) if self.roles.is_empty() => Err(ConfigurationError::new(
                "nobody has a role, so nobody could call anything: say ROLES, as in `spiffe://ofself.ai/gateway=gateway`",
            )),
            (Some((cert, key)), Some(authorities)) => {
                TlsAcceptor::new(cert, key, Some(authorities.clone()), self.server.tls_reload).map(Some)
            }
            (Some(_), None) | (None, Some(_)) => Err(ConfigurationError::new(
                "TLS_CERT, TLS_KEY and TLS_CLIENT_CA go together: a service knows its callers by their certificates",
            )),
        }
    }
}

impl ClientTls {
    /// Connects by TLS as the settings say; `None` where they name no certificate.
    pub fn connector(&self, reload: Duration) -> Result<Option<TlsConnector>, ConfigurationError> {
        match (&self.upstream_tls_cert, &self.upstream_tls_key, &self.upstream_tls_ca) {
            (None, None, None) => Ok(None),
            (Some(cert), Some(key), Some(authorities)) => {
                TlsConnector::new(cert.clone(), key.clone(), authorities.clone(), reload).map(Some)
            }
            (_, _, _) => Err(ConfigurationError::new(
                "UPSTREAM_TLS_CERT, UPSTREAM_TLS_KEY and UPSTREAM_TLS_CA go together: name all three or none",
            )),
        }
    }
}

fn role_of(text: &str) -> Result<(SpiffeId, Role), String> {
    let (id, role) = text.trim().split_once('=').ok_or_else(|| "must be a SPIFFE id, `=` and a role".to_owned())?;
    Ok((id.parse().map_err(|error| format!("{error}"))?, role.parse()?))
}
