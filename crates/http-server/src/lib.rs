//! HTTP server: listener, connection limits, TLS with SPIFFE peer identity, draining, and the admin port.
//!
//! It serves any axum router over HTTP/1.1 and HTTP/2. It knows no gRPC and no database.

mod activity;
mod address;
pub mod admin;
mod connection;
pub mod doctor;
mod host;
mod listener;
mod serve;
mod settings;
pub mod tls;

pub use address::{ListenAddress, ListenAddressError};
pub use connection::Peer;
pub use host::validate_host;
pub use listener::{Listener, PlainText};
pub use serve::{App, Kind, Server};
pub use settings::ConnectionSettings;
