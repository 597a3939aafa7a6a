//! Whether a position is in the path of a URL, where numbers are mostly names.

/// Goes along a text once, and tells of places that come one after another.
pub(super) struct UrlPath<'a> {
    text: &'a [u8],
    at: usize,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between words, where a path can begin.
    Outside,
    Word,
    /// After `://`.
    Authority,
    Path,
    /// The query or the fragment, which say what a number is.
    Query,
}

impl<'a> UrlPath<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text: text.as_bytes(), at: 0, state: State::Outside }
    }

    /// Whether `place`, which is not before an earlier one, is in a path.
    pub(super) fn contains(&mut self, place: usize) -> bool {
        while self.at < place {
            let Some(byte) = self.text.get(self.at).copied() else { break };
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.state = match (self.state, byte) {
                (_, b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'<' | b'>' | b'(' | b')' | b',' | b';' | b'`') => {
                    State::Outside
                }
                (State::Word | State::Outside, b':') if rest.starts_with(b"://") => {
                    self.at += 2;
                    State::Authority
                }
                // A path without a host begins with a name: `/users/…`.
                (State::Outside, b'/') if rest.get(1).is_some_and(u8::is_ascii_alphabetic) => State::Path,
                (State::Outside | State::Word, _) => State::Word,
                (State::Authority, b'/') => State::Path,
                (State::Authority | State::Path, b'?' | b'#') => State::Query,
                (state, _) => state,
            };
            self.at += 1;
        }
        self.state == State::Path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_begin_behind_a_host_and_end_before_the_query() {
        for (text, is_in_path) in [
            ("https://example.com/users/1", true),
            ("/users/1", true),
            ("see https://example.com/a/b/1", true),
            ("https://example.com/users?tel=1", false),
            ("https://example.com#1", false),
            ("https://1", false),
            ("https://example.com/users, 1", false),
            ("call 030/1", false),
            ("a / 1", false),
            ("1", false),
        ] {
            assert_eq!(UrlPath::new(text).contains(text.len() - 1), is_in_path, "{text}");
        }
    }
}
