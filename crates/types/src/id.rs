//! Ids minted elsewhere: opaque, but of a bounded shape.

use std::{fmt, marker::PhantomData};

use uuid::Uuid;

/// The maximum length of an id, in characters.
const MAX_LENGTH: usize = 128;

/// An id minted by another service, known to be 1 to 128 of `A–Z a–z 0–9 . _ : -`. Compared byte for byte: case
/// matters.
///
/// `Kind` distinguishes ids of users, tags and other entities at compile time.
pub struct Id<Kind> {
    text: String,
    kind: PhantomData<fn() -> Kind>,
}

/// A person.
pub enum User {}
/// A tag of a person's graph.
pub enum Tag {}
/// A node of a person's graph.
pub enum Node {}
/// A schema that a node may follow.
pub enum Schema {}
/// A native or third-party app.
pub enum App {}

/// Why a text is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdError {
    /// It is empty.
    Empty,
    /// It is longer than 128 characters.
    TooLong,
    /// It has a character outside `A–Z a–z 0–9 . _ : -`.
    Character,
}

/// An id that was minted here, as a caller wrote it; `None`: it names nothing. Only the hyphenated form is minted, and one
/// thing must not answer to several names.
pub fn minted_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[inline]
fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-')
}

impl<Kind> Id<Kind> {
    /// Parses a text from outside.
    pub fn parse(text: impl Into<String>) -> Result<Self, IdError> {
        let text = text.into();
        Self::check(&text)?;
        Ok(Self { text, kind: PhantomData })
    }

    /// Whether a text from outside is an id, for one that is only compared.
    #[inline]
    pub fn check(text: &str) -> Result<(), IdError> {
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        // To the end even after a wrong byte: several are checked at once.
        if !text.bytes().fold(true, |valid, byte| valid & is_id_byte(byte)) {
            return Err(IdError::Character);
        }
        if text.len() > MAX_LENGTH {
            return Err(IdError::TooLong);
        }
        Ok(())
    }

    /// The id as it was minted.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), kind: PhantomData }
    }
}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl<Kind> std::hash::Hash for Id<Kind> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<Kind> serde::Serialize for Id<Kind> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, Kind> serde::Deserialize<'de> for Id<Kind> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "must not be empty",
            Self::TooLong => "must be at most 128 characters",
            Self::Character => "must consist of letters, digits, `.`, `_`, `:` and `-`",
        })
    }
}

impl std::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples_are_ids() {
        for text in ["user-uuid", "tag-uuid-1", "share_abc", "a", "A.b_c:d-9", &"x".repeat(128)] {
            assert!(Id::<User>::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn only_these_are_redacted() {
        let cases = [
            (String::new(), IdError::Empty),
            ("x".repeat(129), IdError::TooLong),
            ("a b".into(), IdError::Character),
            ("a\0".into(), IdError::Character),
            ("ä".into(), IdError::Character),
            ("a/b".into(), IdError::Character),
        ];
        for (text, error) in cases {
            assert_eq!(Id::<User>::parse(text.as_str()), Err(error), "{text:?}");
        }
    }
}
