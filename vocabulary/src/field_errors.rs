//! Every wrong field of a request, so that a person can mend them all at once.

use std::{collections::BTreeMap, fmt};

/// What is wrong with which field, keyed by the path of the field (`tag_expression.conditions[1].op`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says of the field at `path` what it must be. The text follows the field's name in a sentence: "is required".
    pub fn add(&mut self, path: impl Into<String>, must: impl Into<String>) {
        self.0.entry(path.into()).or_default().push(must.into());
    }

    /// As [`add`](Self::add), unless something is known to be wrong with the field already: a value that could not be
    /// read is not also reported as missing.
    pub fn add_unless_known(&mut self, path: &str, must: impl Into<String>) {
        if !self.names(path) {
            self.add(path, must);
        }
    }

    /// Takes over what is wrong elsewhere.
    pub fn append(&mut self, other: Self) {
        for (path, found) in other.0 {
            self.0.entry(path).or_default().extend(found);
        }
    }

    /// Whether something is wrong with the field at `path`.
    pub fn names(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// `Ok(value)` when nothing is wrong.
    pub fn into_result<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The value, where it could be read and nothing is wrong beside it.
    pub fn into_read<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) => self.into_result(value),
            None => Err(self),
        }
    }

    /// What is wrong with the first of them, as a sentence.
    pub fn first(&self) -> String {
        match self.iter().next() {
            Some((path, found)) => format!("{path} {}", found.join(" and ")),
            None => "some fields are wrong".to_owned(),
        }
    }

    /// Each path with what is wrong there, in the order of the paths.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(path, found)| (path.as_str(), found.as_slice()))
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, found)) in self.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{path} {}", found.join(" and "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_could_not_be_read_is_not_also_missing() {
        let mut errors = FieldErrors::new();
        errors.add("scope", "must be a string");
        errors.add_unless_known("scope", "is required");
        errors.add_unless_known("name", "is required");
        assert_eq!(errors.to_string(), "name is required; scope must be a string");
    }
}
