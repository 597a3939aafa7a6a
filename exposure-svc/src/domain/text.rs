//! Validated texts of users.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// Characters (Unicode scalar values) in a profile's name at most.
const NAME_CHARACTERS: usize = 100;
/// Characters in a description at most.
const DESCRIPTION_CHARACTERS: usize = 2_000;
/// Characters in the name of a tag or of a node type at most.
pub const REF_CHARACTERS: usize = 128;

/// The name of a profile: 1 to 100 characters, without white space around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ProfileName(String);

/// The description of a profile: at most 2,000 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Description(String);

/// The type of a node (`EXPERIENCE`, and any other): 1 to 128 characters, compared as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct NodeType(String);

/// The error of an invalid text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextError {
    /// There is nothing in it.
    Empty,
    /// It has more than this many characters.
    TooLong(usize),
    /// It has a control character, which no database and no screen can be trusted with.
    Control,
}

impl ProfileName {
    /// Parses a text from outside; surrounding white space is removed.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = text.trim();
        bounded(text, NAME_CHARACTERS, char::is_control)?;
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    /// Parses a text from outside; line breaks are allowed.
    pub fn parse(text: String) -> Result<Self, TextError> {
        let is_refused = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        match bounded(&text, DESCRIPTION_CHARACTERS, is_refused) {
            Ok(()) | Err(TextError::Empty) => Ok(Self(text)),
            Err(error) => Err(error),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl NodeType {
    /// Parses a text from outside.
    pub fn parse(text: String) -> Result<Self, TextError> {
        bounded(&text, REF_CHARACTERS, char::is_control)?;
        Ok(Self(text))
    }

    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn bounded(text: &str, most: usize, is_refused: impl Fn(char) -> bool) -> Result<(), TextError> {
    if text.is_empty() {
        Err(TextError::Empty)
    } else if text.chars().any(is_refused) {
        Err(TextError::Control)
    } else if text.chars().count() > most {
        Err(TextError::TooLong(most))
    } else {
        Ok(())
    }
}

impl<'de> Deserialize<'de> for NodeType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("must not be empty"),
            Self::TooLong(most) => write!(f, "must be at most {most} characters"),
            Self::Control => f.write_str("must not have control characters"),
        }
    }
}

impl std::error::Error for TextError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes() {
        assert!(ProfileName::parse(&"🦀".repeat(100)).is_ok());
        assert_eq!(ProfileName::parse(&"🦀".repeat(101)), Err(TextError::TooLong(100)));
        assert_eq!(ProfileName::parse("  Work \n").unwrap().as_str(), "Work");
        assert_eq!(ProfileName::parse(" \t"), Err(TextError::Empty));
        assert_eq!(ProfileName::parse("a\0b"), Err(TextError::Control));
    }

    #[test]
    fn description_may_have_line_breaks_and_be_empty() {
        assert!(Description::parse("a\nb".into()).is_ok());
        assert!(Description::parse(String::new()).is_ok());
        assert_eq!(Description::parse("a\0".into()), Err(TextError::Control));
        assert_eq!(Description::parse("x".repeat(2_001)), Err(TextError::TooLong(2_000)));
    }
}
