//! Lists that are sets.

use std::{collections::HashSet, hash::Hash};

use crate::{FieldErrors, ItemErrors, MAX_LIST};

/// A list without duplicates, in the order it was given.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct UniqueVec<T>(Vec<T>);

impl<T: Clone + Eq + Hash> UniqueVec<T> {
    /// Folds duplicates; the first of each stays where it stood.
    pub fn new(items: Vec<T>) -> Self {
        let mut seen = HashSet::with_capacity(items.len());
        let are_distinct = items.iter().all(|item| seen.insert(item));
        if are_distinct {
            return Self(items);
        }
        let mut seen = HashSet::with_capacity(items.len());
        Self(items.into_iter().filter(|item| seen.insert(item.clone())).collect())
    }

    /// Takes a list from outside: at most [`MAX_LIST`] items, each of which `parse` takes. What is wrong is said of
    /// `path`, or of `path[index]`.
    pub fn parse<E: std::fmt::Display>(
        items: Vec<String>,
        path: &str,
        parse: impl Fn(String) -> Result<T, E>,
        errors: &mut FieldErrors,
    ) -> Self {
        if items.len() > MAX_LIST {
            errors.add(path, format!("must hold at most {MAX_LIST} entries"));
            return Self::default();
        }
        let mut parsed = Vec::with_capacity(items.len());
        let mut wrong = ItemErrors::default();
        for (index, item) in items.into_iter().enumerate() {
            match parse(item) {
                Ok(item) => parsed.push(item),
                Err(error) => {
                    wrong.add(errors, |errors| errors.add(format!("{path}[{index}]"), error.to_string()));
                }
            }
        }
        wrong.count_rest(path, errors);
        Self::new(parsed)
    }

    /// Whether `other` has every item of this list.
    pub fn is_subset(&self, other: &Self) -> bool {
        let held: HashSet<&T> = other.iter().collect();
        self.iter().all(|item| held.contains(item))
    }
}

impl<T> UniqueVec<T> {
    /// The items, in the order given.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for UniqueVec<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'a, T> IntoIterator for &'a UniqueVec<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duplicates_are_removed_and_order_stays() {
        assert_eq!(UniqueVec::new(vec!["b", "a", "b"]), UniqueVec(vec!["b", "a"]));
    }

    #[test]
    fn wrong_items_are_reported_by_index() {
        let mut errors = FieldErrors::new();
        let parse = |text: String| text.parse::<u8>();
        UniqueVec::parse(vec!["1".into(), "x".into()], "tag_ids", parse, &mut errors);
        assert!(errors.names("tag_ids[1]"));
        UniqueVec::parse(vec!["1".into(); MAX_LIST + 1], "node_ids", parse, &mut errors);
        assert!(errors.names("node_ids"));
    }

    #[test]
    fn first_wrong_items_are_named_and_others_counted() {
        let mut errors = FieldErrors::new();
        UniqueVec::parse(vec!["x".into(); MAX_LIST], "tag_ids", |text: String| text.parse::<u8>(), &mut errors);
        assert!(errors.names("tag_ids[9]") && !errors.names("tag_ids[10]"));
        assert!(errors.to_string().contains("tag_ids has 990 more invalid entries"));
    }
}
