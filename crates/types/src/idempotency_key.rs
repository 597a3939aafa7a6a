//! The client's key for a repeatable request.

use std::fmt;

/// 1 to 255 visible ASCII characters, chosen by the client, unique among its requests of 24 hours (docs/rest-api.md).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

/// The text is empty, longer than 255 characters, or has a character that is not visible ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Parses a text from outside.
    pub fn parse(text: &str) -> Result<Self, IdempotencyKeyError> {
        if (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdempotencyKeyError)
        }
    }

    /// The key as the client sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("must be 1 to 255 visible ASCII characters")
    }
}

impl std::error::Error for IdempotencyKeyError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_hold() {
        for good in ["a", "0f2c~!", &"k".repeat(255)] {
            assert!(IdempotencyKey::parse(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "é", "a\n", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), Err(IdempotencyKeyError), "{bad:?}");
        }
    }
}
