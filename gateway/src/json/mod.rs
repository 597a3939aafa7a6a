//! JSON from outside: read whole, so that every wrong field is found, not the first.

mod fields;
mod mask;
mod value;

pub(crate) use fields::Fields;
pub(crate) use mask::Mask;
pub(crate) use value::Json;
