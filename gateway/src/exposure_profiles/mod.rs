//! `/exposure-profiles`: profiles, translated between REST and `ExposureProfileService`.

mod earlier_scope;
pub(crate) mod handlers;
mod permissions;
mod read;
mod schema;
mod tag_expression;
mod write;
