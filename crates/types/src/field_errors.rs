//! Field errors: every invalid field of a request.

use std::{collections::BTreeMap, fmt};

/// The errors are bounded in bytes, each with its text and an overhead: a small request can have very many
/// errors, and the response must stay small.
const MAX_BYTES: usize = 32 * 1024;
const EACH: usize = 256;

/// What is wrong with which field, keyed by the path of the field (`tag_expression.conditions[1].op`). Of very much the first is
/// named and the rest counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors {
    found: BTreeMap<String, Vec<String>>,
    bytes: u32,
    more: u32,
}

impl FieldErrors {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an error of the field at `path`. `must` follows the field's name in a sentence: "is required".
    pub fn add(&mut self, path: impl Into<String>, must: impl Into<String>) {
        let (path, must) = (path.into(), must.into());
        let bytes = self.bytes as usize + path.len() + must.len() + EACH;
        match u32::try_from(bytes) {
            Ok(kept) if bytes <= MAX_BYTES => {
                self.bytes = kept;
                self.found.entry(path).or_default().push(must);
            }
            Ok(_) | Err(_) => self.add_more(1),
        }
    }

    /// Counts errors that are not listed.
    pub fn add_more(&mut self, findings: u32) {
        self.more = self.more.saturating_add(findings);
    }

    /// How many findings are not named.
    pub fn more(&self) -> u32 {
        self.more
    }

    /// As [`add`](Self::add), unless the field has an error already: a value that could not be
    /// read is not also reported as missing.
    pub fn add_unless_known(&mut self, path: &str, must: impl Into<String>) {
        if !self.names(path) {
            self.add(path, must);
        }
    }

    /// Adds the errors of another list.
    pub fn append(&mut self, other: Self) {
        for (path, found) in other.found {
            for must in found {
                self.add(path.as_str(), must);
            }
        }
        self.add_more(other.more);
    }

    /// Whether the field at `path` has an error.
    pub fn names(&self, path: &str) -> bool {
        self.found.contains_key(path)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty() && self.more == 0
    }

    /// `Ok(value)` when nothing is wrong.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The value, if it was read and there are no errors.
    pub fn into_read<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) => self.into_result(value),
            None => Err(self),
        }
    }

    /// The first error, as a sentence.
    pub fn first(&self) -> String {
        match self.iter().next() {
            Some((path, found)) => format!("{path} {}", found.join(" and ")),
            None => "some fields are invalid".to_owned(),
        }
    }

    /// Each path with its errors, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.found.iter().map(|(path, found)| (path.as_str(), found.as_slice()))
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, found)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{path} {}", found.join(" and "))?;
        }
        if self.more > 0 {
            write!(f, "; and {} more", self.more)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_bounded_and_the_rest_is_counted() {
        let (mut many, mut long) = (FieldErrors::new(), FieldErrors::new());
        for index in 0..100_000 {
            many.add(format!("conditions[{index}].op"), "is required");
            long.add("x".repeat(1_000), "is unknown");
        }
        let named = u32::try_from(many.iter().count()).unwrap();
        assert!((100..128).contains(&named));
        assert_eq!(many.more(), 100_000 - named);
        assert!(long.to_string().len() < MAX_BYTES + 100);
        let mut both = many.clone();
        both.append(long);
        assert_eq!(both.more(), 200_000 - named);
        assert!(both.to_string().ends_with(&format!("; and {} more", both.more())));
    }

    #[test]
    fn invalid_field_is_not_also_missing() {
        let mut errors = FieldErrors::new();
        errors.add("scope", "must be a string");
        errors.add_unless_known("scope", "is required");
        errors.add_unless_known("name", "is required");
        assert_eq!(errors.to_string(), "name is required; scope must be a string");
    }
}
