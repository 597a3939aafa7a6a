//! Mutual TLS: the certificate of a server that authenticates its clients, and the roles of those clients.

use std::path::PathBuf;

use http_server::tls::{ServerTls, SpiffeId, TlsAcceptor};
use runtime::process::ConfigurationError;

use crate::Role;

/// The server certificate, the trusted client authorities and the roles of the clients.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct MutualTls {
    #[command(flatten)]
    #[expect(missing_docs, reason = "documented where it is declared")]
    pub server: ServerTls,
    /// A PEM file with the authorities of client certificates
    #[arg(long, env = "TLS_CLIENT_CA", value_name = "FILE")]
    pub tls_client_ca: Option<PathBuf>,
    /// Roles of clients by SPIFFE id (gateway, service, operator), as in `spiffe://ofself.ai/gateway=gateway`
    #[arg(long, env = "ROLES", value_delimiter = ',', value_name = "ID=ROLE", value_parser = role_of)]
    pub roles: Vec<(SpiffeId, Role)>,
}

impl MutualTls {
    /// Builds the TLS acceptor that requires client certificates; `None` if the settings name none.
    pub fn acceptor(&self) -> Result<Option<TlsAcceptor>, ConfigurationError> {
        match (self.server.pair()?, &self.tls_client_ca) {
            (None, None) if self.roles.is_empty() => Ok(None),
            (None, None) => Err(ConfigurationError::new(
                "ROLES need TLS, since without certificates every peer has every role: set TLS_CERT, TLS_KEY and TLS_CLIENT_CA, or unset ROLES",
            )),
            (Some(_), Some(_)) if self.roles.is_empty() => Err(ConfigurationError::new(
                "ROLES is empty, so every call would be rejected: set it, as in `spiffe://ofself.ai/gateway=gateway`",
            )),
            (Some((cert, key)), Some(authorities)) => {
                TlsAcceptor::new(cert, key, Some(authorities.clone()), self.server.tls_reload).map(Some)
            }
            (Some(_), None) | (None, Some(_)) => Err(ConfigurationError::new(
                "set TLS_CERT, TLS_KEY and TLS_CLIENT_CA together: a service authenticates its callers by certificate",
            )),
        }
    }
}

fn role_of(text: &str) -> Result<(SpiffeId, Role), String> {
    let (id, role) = text.trim().split_once('=').ok_or_else(|| "must be a SPIFFE id, `=` and a role".to_owned())?;
    Ok((id.parse().map_err(|error| format!("{error}"))?, role.parse()?))
}
