//! `/exposure-profiles`: profiles, translated between REST and `ExposureProfileService`.

pub(crate) mod handlers;
mod legacy_scope;
mod permissions;
mod requests;
mod responses;
mod tag_expression;
