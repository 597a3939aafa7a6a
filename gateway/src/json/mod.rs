//! JSON request bodies: one type per body, deserialized so that every wrong member is reported, not the first
//! (docs/decisions/0018-request-bodies.md).

mod field;
mod mask;
mod read_only;
mod reader;
mod value;

pub(crate) use field::{Field, List};
pub(crate) use mask::Mask;
pub(crate) use read_only::ReadOnly;
pub(crate) use reader::read;
pub(crate) use value::Json;
