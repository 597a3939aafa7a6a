//! The update of one field.

/// The update of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FieldUpdate<T> {
    /// Leaves it as it is: the field was absent.
    #[default]
    Keep,
    /// Empties it: the field was there and null.
    Clear,
    /// Gives it this value.
    Set(T),
}

impl<T> FieldUpdate<T> {
    /// The value after the edit of a field that may be empty.
    pub fn over(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// Whether the field was absent.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// An edit by a field that was there: with a value, or null.
    pub fn of(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }

    /// Converts the value of the update; `None` from `each` keeps the field.
    pub fn and_then<U>(self, each: impl FnOnce(T) -> Option<U>) -> FieldUpdate<U> {
        match self {
            Self::Keep => FieldUpdate::Keep,
            Self::Clear => FieldUpdate::Clear,
            Self::Set(value) => each(value).map_or(FieldUpdate::Keep, FieldUpdate::Set),
        }
    }
}
