//! JSON from outside: read whole, so that every wrong field is found, not the first.

mod fields;
mod mask;
mod value;

pub use fields::Fields;
pub use mask::Mask;
pub use value::Json;
