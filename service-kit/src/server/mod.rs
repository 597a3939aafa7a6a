//! A server of HTTP, REST and gRPC alike: where it listens, who its peers are, and how much of it they may take.

mod activity;
mod address;
mod connection;
mod host;
mod listener;
mod load;
mod pace;
mod serve;
mod settings;

pub use address::{ListenAddress, ListenAddressError, is_this_machine};
pub use connection::Peer;
pub use host::validate_host;
pub(crate) use listener::plain_text_refused;
pub use listener::{Listener, PlainText};
pub(crate) use load::current_place;
pub use load::{Admitted, Gathered, Holding, Load, LoadSettings, TooLarge, Untaken, while_admitted};
pub use pace::Pace;
pub use serve::{Kind, Server};
pub use settings::ConnectionSettings;
