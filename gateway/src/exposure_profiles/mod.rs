//! `/exposure-profiles`: profiles, translated between REST and `ExposureProfileService`.

mod earlier_scope;
mod handlers;
mod permissions;
mod read;
mod tag_expression;
mod write;

pub use handlers::{create, create_from_template, default, delete, get, list, update, yaml};
