//! TLS for servers and clients: certificates with SPIFFE ids, reloaded when their files change.

mod acceptor;
mod connector;
mod expiry;
mod files;
mod reload;
mod settings;
mod spiffe;

pub(crate) use acceptor::CertifiedPeer;
pub use acceptor::TlsAcceptor;
pub use connector::TlsConnector;
pub use expiry::valid_until;
pub use files::refuse_readable_by_others;
pub use settings::{ClientTls, ServerTls};
pub use spiffe::{SpiffeId, SpiffeIdError};
