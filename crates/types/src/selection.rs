//! All of something, or some of it by id.

use crate::{FieldErrors, Id, MAX_LIST, UniqueVec};

/// What a request selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection<T> {
    /// All of it.
    All,
    /// These, at least one.
    Of(UniqueVec<T>),
}

impl<Kind> Selection<Id<Kind>> {
    /// Takes a selection from outside: all, or 1 to [`MAX_LIST`] ids. What is wrong is said of `path`, or of `path[index]`.
    pub fn parse(is_all: bool, ids: Vec<String>, path: &str, errors: &mut FieldErrors) -> Option<Self> {
        if is_all {
            if !ids.is_empty() {
                errors.add(path, "must be empty when all are selected");
            }
            return Some(Self::All);
        }
        if ids.is_empty() || ids.len() > MAX_LIST {
            errors.add(path, format!("must hold 1 to {MAX_LIST} entries"));
            return None;
        }
        Some(Self::Of(UniqueVec::parse(ids, path, Id::parse, errors)))
    }
}

impl<T> Selection<T> {
    /// The selected ids; `None`: all.
    pub fn ids(&self) -> Option<&[T]> {
        match self {
            Self::All => None,
            Self::Of(ids) => Some(ids.iter().as_slice()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::User;

    fn parse(is_all: bool, ids: &[&str]) -> (Option<Selection<Id<User>>>, Vec<String>) {
        let mut errors = FieldErrors::new();
        let ids = ids.iter().map(ToString::to_string).collect();
        let selection = Selection::parse(is_all, ids, "people", &mut errors);
        (selection, errors.iter().map(|(field, _)| field.to_owned()).collect())
    }

    #[test]
    fn selection_is_all_or_distinct_ids() {
        assert_eq!(parse(true, &[]), (Some(Selection::All), vec![]));
        let (selection, errors) = parse(false, &["bob", "ann", "bob"]);
        let selection = selection.unwrap();
        let ids: Vec<_> = selection.ids().unwrap().iter().map(Id::as_str).collect();
        assert_eq!((ids, errors), (vec!["bob", "ann"], vec![]));
    }

    #[test]
    fn wrong_selection_names_its_entries() {
        assert_eq!(parse(true, &["bob"]).1, ["people"]);
        assert_eq!(parse(false, &[]).1, ["people"]);
        assert_eq!(parse(false, &["bob", "a b", ""]).1, ["people[1]", "people[2]"]);
        assert_eq!(parse(false, &["bob"; MAX_LIST + 1]).1, ["people"]);
    }
}
