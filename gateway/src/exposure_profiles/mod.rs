//! `/exposure-profiles`: profiles, translated between REST and `ExposureProfileService`.

pub(crate) mod handlers;
mod legacy_scope;
mod permissions;
pub(crate) mod requests;
pub(crate) mod responses;
mod tag_expression;
