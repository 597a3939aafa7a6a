//! The field mask of an update.

use prost_types::FieldMask;

use super::Field;

/// The names of the fields that an update changes.
#[derive(Default)]
pub(crate) struct Mask(Vec<String>);

impl Mask {
    /// Adds the field if there is a value or null, and returns the value.
    pub(crate) fn add<T>(&mut self, name: &str, field: Field<T>) -> Option<T> {
        if field.is_set() {
            self.0.push(name.to_owned());
        }
        field.into_option()
    }

    /// As [`add`](Self::add), for fields that are empty without a value.
    pub(crate) fn add_or_default<T, U: Default + From<T>>(&mut self, name: &str, field: Field<T>) -> U {
        self.add(name, field).map(U::from).unwrap_or_default()
    }
}

impl From<Mask> for FieldMask {
    fn from(Mask(paths): Mask) -> Self {
        Self { paths }
    }
}
