//! Pages of a person's history.

use persistence::feed::HistoryPosition;
use types::{FieldErrors, PageSizes};

/// Events on a page.
const SIZES: PageSizes = PageSizes { default: 20, max: 100 };
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// Which page of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryPage {
    /// Events on it.
    pub size: usize,
    /// The event before which it begins; `None`: with the newest.
    pub before: Option<HistoryPosition>,
}

impl HistoryPage {
    /// Reads a page size (0: the default; above the maximum: the maximum) and the token of an earlier page.
    pub fn parse(page_size: i32, page_token: &str, errors: &mut FieldErrors) -> Self {
        let size = SIZES.parse(page_size, errors);
        let before = if page_token.is_empty() { None } else { parse_token(page_token) };
        if before.is_none() && !page_token.is_empty() {
            errors.add("page_token", "must be the next_page_token of an earlier response");
        }
        Self { size, before }
    }

    /// The token of the page after this event.
    pub fn token(HistoryPosition { version, seq }: HistoryPosition) -> String {
        format!("{TOKEN_PREFIX}{version}.{seq}")
    }
}

fn parse_token(token: &str) -> Option<HistoryPosition> {
    let (version, seq) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
    Some(HistoryPosition { version: version.parse().ok()?, seq: seq.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let before = HistoryPosition { version: 1 << 50, seq: 3 };
        let mut errors = FieldErrors::new();
        let page = HistoryPage::parse(5_000, &HistoryPage::token(before), &mut errors);
        assert_eq!(page, HistoryPage { size: 100, before: Some(before) });
        assert_eq!(HistoryPage::parse(0, "", &mut errors), HistoryPage { size: 20, before: None });
        assert!(errors.is_empty());
        for token in ["v1.", "v1.1", "v1.x.2", "v2.1.2"] {
            let mut errors = FieldErrors::new();
            HistoryPage::parse(-1, token, &mut errors);
            let paths: Vec<_> = errors.iter().map(|(path, _)| path.to_owned()).collect();
            assert_eq!(paths, ["page_size", "page_token"], "{token}");
        }
    }
}
