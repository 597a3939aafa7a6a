//! JSON from outside: read whole, so that every wrong field is found, not the first.

mod fields;
mod mask;
mod read_only;
mod value;

pub(crate) use fields::Fields;
pub(crate) use mask::Mask;
pub(crate) use read_only::ReadOnly;
pub(crate) use value::Json;
