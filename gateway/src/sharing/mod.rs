//! `/sharing`: shares, translated between REST and `SharingService`.

pub(crate) mod handlers;
mod read;
mod schema;
mod write;
