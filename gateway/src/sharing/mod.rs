//! `/sharing`: shares, translated between REST and `SharingService`.

mod handlers;
mod read;
mod write;

pub use handlers::{create, get, incoming, outgoing, revoke, update};
