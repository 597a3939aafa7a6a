//! `/exposure-profiles`: profiles, translated between REST and `ExposureProfileService`.

pub(crate) mod handlers;
mod legacy_scope;
mod permissions;
mod read;
mod schema;
mod tag_expression;
mod write;
