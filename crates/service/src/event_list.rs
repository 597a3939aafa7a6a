//! Lists of recorded events.

use persistence::feed::{EventFilter, FeedPosition};
use types::{FieldErrors, Id, PageSizes, Timestamp, User};

/// Events on a page.
const SIZES: PageSizes = PageSizes { default: 100, max: 1_000 };
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// A requested list of events, as the caller wrote it. Empty fields select every event.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// The id of the row.
    pub row_id: String,
    /// The owner of the data.
    pub owner_id: String,
    /// The actor.
    pub actor_id: String,
    /// The kinds of events, by their names in the database.
    pub kinds: Vec<&'static str>,
    /// Only events from this time on.
    pub after: Option<Timestamp>,
    /// Only events before this time.
    pub before: Option<Timestamp>,
    /// Events on the page; 0: the default.
    pub page_size: i32,
    /// The token of an earlier page; empty: the first page.
    pub page_token: String,
    /// Errors of fields that could not be decoded.
    pub errors: FieldErrors,
}

impl EventQuery {
    /// Validates the query. `owner_field`: the name of the owner's field in the contract. `parse_row`: parses the id of a row; a malformed
    /// id selects no event, and `Ok(None)` is returned.
    pub fn parse(
        self,
        owner_field: &str,
        parse_row: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Option<(EventFilter, EventPage)>, FieldErrors> {
        let Self { row_id, owner_id, actor_id, kinds, after, before, page_size, page_token, mut errors } = self;
        let page = EventPage::parse(page_size, &page_token, &mut errors);
        if !owner_id.is_empty()
            && let Err(error) = Id::<User>::check(&owner_id)
        {
            errors.add(owner_field, error.to_string());
        }
        let page = errors.into_result(page)?;
        let row = if row_id.is_empty() { None } else { Some(parse_row(&row_id)) };
        if row == Some(None) {
            return Ok(None);
        }
        let text = |text: String| (!text.is_empty()).then_some(text);
        let (owner, actor) = (text(owner_id), text(actor_id));
        Ok(Some((EventFilter { owner, row: row.flatten(), actor, kinds, from: after, before }, page)))
    }
}

/// Which page of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// Events on it.
    pub size: usize,
    /// The place after which it begins.
    pub after: FeedPosition,
}

impl EventPage {
    /// Reads a page size (0: the default; above the maximum: the maximum) and the token of an earlier page.
    pub fn parse(page_size: i32, page_token: &str, errors: &mut FieldErrors) -> Self {
        let size = SIZES.parse(page_size, errors);
        let after = if page_token.is_empty() { Some(FeedPosition::default()) } else { parse_token(page_token) };
        if after.is_none() {
            errors.add("page_token", "must be the next_page_token of an earlier response");
        }
        Self { size, after: after.unwrap_or_default() }
    }

    /// The token of the page after this place.
    pub fn token(FeedPosition { position, seq }: FeedPosition) -> String {
        format!("{TOKEN_PREFIX}{position}.{seq}")
    }
}

fn parse_token(token: &str) -> Option<FeedPosition> {
    let (position, seq) = token.strip_prefix(TOKEN_PREFIX)?.split_once('.')?;
    Some(FeedPosition { position: position.parse().ok()?, seq: seq.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let after = FeedPosition { position: 1 << 50, seq: 3 };
        let mut errors = FieldErrors::new();
        let page = EventPage::parse(5_000, &EventPage::token(after), &mut errors);
        assert_eq!(page, EventPage { size: 1_000, after });
        assert_eq!(EventPage::parse(0, "", &mut errors), EventPage { size: 100, after: FeedPosition::default() });
        assert!(errors.is_empty());
        for token in ["v1.", "v1.1", "v1.x.2", "v2.1.2", "1.2"] {
            let mut errors = FieldErrors::new();
            EventPage::parse(-1, token, &mut errors);
            let paths: Vec<_> = errors.iter().map(|(path, _)| path.to_owned()).collect();
            assert_eq!(paths, ["page_size", "page_token"], "{token}");
        }
    }
}
