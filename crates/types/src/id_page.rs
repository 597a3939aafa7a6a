//! Pages of a list that is ordered by an id.

use crate::{FieldErrors, Id, User};

/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// Rows on a page of one kind of list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSizes {
    /// Where the caller names no number.
    pub default: usize,
    /// At most.
    pub max: usize,
}

impl PageSizes {
    /// Reads a page size: 0 is the default, and above the maximum it is the maximum.
    pub fn parse(self, page_size: i32, errors: &mut FieldErrors) -> usize {
        match usize::try_from(page_size) {
            Ok(0) => self.default,
            Ok(size) => size.min(self.max),
            Err(_) => {
                errors.add("page_size", "must be 0 or more");
                self.default
            }
        }
    }
}

/// Which page of a list that is ordered by an id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdPage {
    /// Rows on it.
    pub size: usize,
    /// The id after which it begins; empty: the first page.
    pub after: String,
}

impl IdPage {
    /// Reads a page size (0: the default; above the maximum: the maximum) and the token of an earlier page.
    pub fn parse(page_size: i32, page_token: &str, sizes: PageSizes, errors: &mut FieldErrors) -> Self {
        let size = sizes.parse(page_size, errors);
        // The ids of users, apps and nodes have the same form.
        let after = match page_token.strip_prefix(TOKEN_PREFIX) {
            Some(id) if Id::<User>::check(id).is_ok() => id,
            None if page_token.is_empty() => "",
            Some(_) | None => {
                errors.add("page_token", "must be the next_page_token of an earlier response");
                ""
            }
        };
        Self { size, after: after.to_owned() }
    }

    /// Cuts `rows` to this page. Returns the token of the next one; `None`: this is the last. `next_after`: the last id that was read;
    /// `None`: there is nothing after it.
    pub fn cut<T>(&self, rows: &mut Vec<T>, next_after: Option<String>, id: impl Fn(&T) -> String) -> Option<String> {
        let mut next = next_after;
        if rows.len() > self.size {
            rows.truncate(self.size);
            next = rows.last().map(id);
        }
        next.map(|after| format!("{TOKEN_PREFIX}{after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZES: PageSizes = PageSizes { default: 2, max: 3 };

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let mut errors = FieldErrors::new();
        let page = IdPage::parse(0, "", SIZES, &mut errors);
        let mut rows = vec!["ann", "bob", "cyd"];
        let next = page.cut(&mut rows, None, |row| (*row).to_owned()).unwrap();
        assert_eq!(rows, ["ann", "bob"]);
        assert_eq!(IdPage::parse(9, &next, SIZES, &mut errors), IdPage { size: 3, after: "bob".to_owned() });
        assert!(errors.is_empty());
        for token in ["v1.", "v1.a b", "v2.ann", "ann"] {
            let mut errors = FieldErrors::new();
            IdPage::parse(-1, token, SIZES, &mut errors);
            let paths: Vec<_> = errors.iter().map(|(path, _)| path.to_owned()).collect();
            assert_eq!(paths, ["page_size", "page_token"], "{token}");
        }
    }

    #[test]
    fn short_page_goes_on_after_the_last_id_read() {
        let page = IdPage { size: 2, after: String::new() };
        let mut rows = vec!["ann"];
        assert_eq!(page.cut(&mut rows, Some("dan".to_owned()), |row| (*row).to_owned()).unwrap(), "v1.dan");
        assert_eq!(page.cut(&mut rows, None, |row| (*row).to_owned()), None);
    }
}
