//! Page tokens of an answer that has a list of each service.

/// The prefix of a page token: the version of its format.
const PREFIX: &str = "n1";
/// Between the parts of a page token; no token of a service has it.
const SEPARATOR: char = '~';
/// In place of the token of a list that has ended.
const ENDED: &str = "-";

/// Where the page of one of the two lists begins; empty: at its beginning; `None`: the list has ended.
pub(super) type Position = Option<String>;

/// The positions of the two lists, that of sharing first.
pub(super) fn parse(token: &str) -> Option<(Position, Position)> {
    if token.is_empty() {
        return Some((Some(String::new()), Some(String::new())));
    }
    let (sharing, exposure) = token.strip_prefix(PREFIX)?.strip_prefix(SEPARATOR)?.split_once(SEPARATOR)?;
    let position = |token: &str| (token != ENDED).then(|| token.to_owned());
    Some((position(sharing), position(exposure)))
}

/// The token of the page at these positions; `None`: both lists have ended.
pub(super) fn write(sharing: Option<&str>, exposure: Option<&str>) -> Option<String> {
    if sharing.is_none() && exposure.is_none() {
        return None;
    }
    let [sharing, exposure] = [sharing, exposure].map(|token| token.unwrap_or(ENDED));
    Some(format!("{PREFIX}{SEPARATOR}{sharing}{SEPARATOR}{exposure}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_read_back_and_others_rejected() {
        let begin = Some((Some(String::new()), Some(String::new())));
        assert_eq!(parse(""), begin);
        for (sharing, exposure) in [
            (Some("v1.bob"), None),
            (None, Some("v1.app")),
            (Some("v1.bob"), Some("v1.app")),
            (Some(""), Some("v1.app")),
        ] {
            let token = write(sharing, exposure).unwrap();
            assert_eq!(parse(&token), Some((sharing.map(str::to_owned), exposure.map(str::to_owned))), "{token}");
        }
        assert_eq!(write(None, None), None);
        for token in ["n1", "n1~v1.bob", "n2~a~b", "v1.bob"] {
            assert_eq!(parse(token), None, "{token}");
        }
    }
}
