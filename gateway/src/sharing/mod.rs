//! `/sharing`: shares, translated between REST and `SharingService`.

pub mod handlers;
mod read;
mod schema;
mod write;
