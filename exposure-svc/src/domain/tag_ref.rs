//! Tags as profiles and nodes name them: by id, or by a text that is an id or a name.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Deserializer, Serialize, de};
use types::{Id, Tag};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::text::{REF_CHARACTERS, TextError, bounded};

/// The id of a tag.
pub type TagId = Id<Tag>;

/// A reference to a tag, as a profile stores it. As JSON: `{"id": "…"}`, or the text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(untagged)]
pub enum TagRef {
    /// A tag that the directory knows, or knew. Only this id matches.
    Id {
        /// The id.
        id: TagId,
    },
    /// A text that was not resolved to a tag. It matches the id or the name of a tag, as the holder of the node describes it.
    Text(TagText),
}

/// The name of a tag, or a text that is its id or its name: 1 to 128 characters, in Unicode NFC, without white space around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct TagText(String);

/// A name as it is compared: in Unicode NFC, without white space around it.
pub fn normalized_name(name: &str) -> Cow<'_, str> {
    let edges = [name.as_bytes().first(), name.as_bytes().last()];
    let name = match edges {
        // The usual name begins and ends with a letter.
        [Some(first), Some(last)] if first.is_ascii_graphic() && last.is_ascii_graphic() => name,
        _ => name.trim(),
    };
    if name.is_ascii() || is_nfc_quick(name.chars()) == IsNormalized::Yes {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.nfc().collect())
    }
}

impl TagText {
    /// Parses a text from outside.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = normalized_name(text);
        bounded(&text, REF_CHARACTERS, char::is_control)?;
        Ok(Self(text.into_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that the text would be, if it can be one.
    pub fn as_id(&self) -> Option<TagId> {
        TagId::parse(self.0.as_str()).ok()
    }
}

impl From<&TagId> for TagText {
    fn from(id: &TagId) -> Self {
        // An id is within the bounds of a text by its own definition.
        Self(id.as_str().to_owned())
    }
}

impl TagRef {
    /// Parses a text from outside; the directory decides whether it is a tag.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        TagText::parse(text).map(Self::Text)
    }

    /// A reference by id.
    pub fn id(id: TagId) -> Self {
        Self::Id { id }
    }

    /// The id or the text.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Id { id } => id.as_str(),
            Self::Text(text) => text.as_str(),
        }
    }

    /// The id or the text, as a text.
    pub fn to_text(&self) -> TagText {
        match self {
            Self::Id { id } => id.into(),
            Self::Text(text) => text.clone(),
        }
    }

    /// The id of the tag, if it was resolved.
    pub fn tag_id(&self) -> Option<&TagId> {
        match self {
            Self::Id { id } => Some(id),
            Self::Text(_) => None,
        }
    }

    /// The text, if it was not resolved.
    pub fn text(&self) -> Option<&TagText> {
        match self {
            Self::Id { .. } => None,
            Self::Text(text) => Some(text),
        }
    }
}

impl<'de> Deserialize<'de> for TagText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for TagRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TagRefVisitor)
    }
}

/// Reads a reference without a copy in between, which a derived untagged enum would make: each decision reads a profile.
struct TagRefVisitor;

impl<'de> de::Visitor<'de> for TagRefVisitor {
    type Value = TagRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag, as a text or as {\"id\": \"…\"}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TagRef, E> {
        TagRef::parse(text).map_err(E::custom)
    }

    fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<TagRef, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Stored {
            id: TagId,
        }
        let Stored { id } = Stored::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(TagRef::Id { id })
    }
}

impl fmt::Display for TagText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_in_nfc_and_trimmed() {
        for (given, compared) in [
            ("work", "work"),
            (" work\u{a0}\t", "work"),
            ("cafe\u{301}", "caf\u{e9}"),
            ("\u{3000}cafe\u{301} ", "caf\u{e9}"),
            ("man\u{303}ana", "ma\u{f1}ana"),
            ("two words", "two words"),
            ("  ", ""),
            ("", ""),
            ("🏡", "🏡"),
            ("\u{212b}", "\u{c5}"),
        ] {
            assert_eq!(normalized_name(given), compared);
            assert_eq!(normalized_name(compared), compared, "once is enough");
        }
        assert!(matches!(normalized_name("work"), Cow::Borrowed(_)));
        assert_eq!(TagText::parse(" \t"), Err(TextError::Empty));
        assert_eq!(TagText::parse("a\0b"), Err(TextError::Control));
        assert!(TagText::parse(&format!(" {} ", "é".repeat(128))).is_ok());
        assert_eq!(TagText::parse(&"é".repeat(129)), Err(TextError::TooLong(128)));
    }

    #[test]
    fn stored_json_distinguishes_id_and_text() {
        let id = TagRef::id(TagId::parse("t1").unwrap());
        let text = TagRef::parse("t1").unwrap();
        for (reference, json) in [(id, r#"{"id":"t1"}"#), (text, r#""t1""#)] {
            assert_eq!(serde_json::to_string(&reference).unwrap(), json);
            assert_eq!(serde_json::from_str::<TagRef>(json).unwrap(), reference);
        }
        for wrong in [r#"{"id":"t1","name":"x"}"#, r#"{"id":"a b"}"#, "{}", r#""""#, "null"] {
            assert!(serde_json::from_str::<TagRef>(wrong).is_err(), "{wrong}");
        }
    }
}
