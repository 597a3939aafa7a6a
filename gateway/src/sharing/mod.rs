//! `/sharing`: shares, translated between REST and `SharingService`.

pub(crate) mod handlers;
mod requests;
pub(crate) mod responses;
