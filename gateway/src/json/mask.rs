//! Which fields an update touches.

use prost_types::FieldMask;
use types::FieldUpdate;

/// The names of the fields that an update touches.
#[derive(Default)]
pub(crate) struct Mask(Vec<String>);

impl Mask {
    /// Names the field if it was there, and hands on its value.
    pub(crate) fn name<T>(&mut self, field: &str, edit: FieldUpdate<T>) -> Option<T> {
        if !edit.is_keep() {
            self.0.push(field.to_owned());
        }
        edit.over(None)
    }

    /// Names what `other` names as well.
    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// As the wire has it.
    pub(crate) fn into_wire(self) -> FieldMask {
        FieldMask { paths: self.0 }
    }
}
