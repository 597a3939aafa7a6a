//! The members of request bodies: absent, null, invalid or a value.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{SeqAccess, Visitor},
};

/// A member of a request body.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Field<T> {
    #[default]
    Absent,
    Null,
    /// Not of its type, which the [reader](super::read) has reported.
    Invalid,
    Value(T),
}

impl<T> Field<T> {
    /// The value; null is the same as absent.
    pub(crate) fn into_option(self) -> Option<T> {
        match self {
            Self::Absent | Self::Null | Self::Invalid => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Whether there is a value or null.
    pub(crate) fn is_set(&self) -> bool {
        matches!(self, Self::Null | Self::Value(_))
    }

    /// Whether there is neither a value nor an invalid one.
    pub(crate) fn is_missing(&self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader has reported the error; the other members of the body are still read.
        Ok(deserializer.deserialize_option(FieldVisitor(PhantomData)).unwrap_or(Self::Invalid))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    /// Serde calls this for a member that is absent.
    fn visit_none<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Absent)
    }

    fn visit_unit<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Field<T>, D::Error> {
        T::deserialize(deserializer).map(Field::Value)
    }
}

/// A list. A wrong item keeps its place, so that the items behind it keep their indices in further errors.
#[derive(Debug, PartialEq)]
pub(crate) struct List<T>(Vec<Item<T>>);

impl<T> List<T> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().filter_map(|Item(item)| item.as_ref())
    }

    /// The items that were read.
    pub(crate) fn valid_items(self) -> Vec<T> {
        self.0.into_iter().filter_map(|Item(item)| item).collect()
    }

    /// All items, each converted by its index; a wrong item is `None`.
    pub(crate) fn map<U>(self, mut convert: impl FnMut(usize, Option<T>) -> U) -> Vec<U> {
        self.0.into_iter().enumerate().map(|(index, Item(item))| convert(index, item)).collect()
    }
}

impl<T: Default> From<List<T>> for Vec<T> {
    fn from(list: List<T>) -> Self {
        list.map(|_, item| item.unwrap_or_default())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<T>, A::Error> {
        let mut list = Vec::with_capacity(items.size_hint().unwrap_or_default());
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(List(list))
    }
}

/// An item of a list; null is wrong as well.
#[derive(Debug, PartialEq)]
struct Item<T>(Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Item<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The reader has reported the error.
        Ok(Self(deserializer.deserialize_newtype_struct("Item", ItemVisitor(PhantomData)).ok()))
    }
}

struct ItemVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ItemVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an item")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::deserialize(deserializer)
    }
}
