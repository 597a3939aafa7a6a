//! Entity tags (RFC 9110): `"<version>-<digest>"`.
//!
//! The version is the row's and is all that `If-Match` compares. The digest is of what was shown: a share expires, and a tag
//! is renamed, without its row changing, and a cached copy must not outlive that.

use http::{HeaderMap, HeaderValue, header};
use runtime::digest::sha256;

/// A version that no row has.
const NO_VERSION: i64 = 0;

/// The tag of a row at `version` that was shown as `body`.
pub(crate) fn entity_tag(version: i64, body: &[u8]) -> Option<HeaderValue> {
    let digest = hex::encode(sha256(&[body]));
    HeaderValue::from_str(&format!("\"{version}-{}\"", digest.get(..16)?)).ok()
}

/// The versions that `If-Match` names; empty: any. A tag of another shape, or a weak one, names a version that no row has.
pub(crate) fn expected_versions(headers: &HeaderMap) -> Vec<i64> {
    let mut versions = Vec::new();
    for tag in tags(headers, &header::IF_MATCH) {
        if tag == "*" {
            return Vec::new();
        }
        versions.push(version(&tag).unwrap_or(NO_VERSION));
    }
    versions
}

/// Whether `If-None-Match` contains this tag: the client has the current representation.
pub(crate) fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let Ok(current) = tag.to_str() else { return false };
    tags(headers, &header::IF_NONE_MATCH)
        .iter()
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == current)
}

fn tags(headers: &HeaderMap, name: &header::HeaderName) -> Vec<String> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or("?").split(','))
        .map(|tag| tag.trim().to_owned())
        .collect()
}

fn version(tag: &str) -> Option<i64> {
    let tag = tag.strip_prefix('"')?.strip_suffix('"')?;
    tag.split('-').next()?.parse().ok().filter(|version| *version > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_str(value).unwrap())])
    }

    #[test]
    fn if_match_compares_strong_versions() {
        let expected = |value: &str| expected_versions(&headers(header::IF_MATCH, value));
        assert_eq!(expected("\"3-abc\""), [3]);
        assert_eq!(expected("\"3\", \"4-x\""), [3, 4]);
        assert_eq!(expected("*"), [0; 0]);
        for none in ["W/\"3-abc\"", "3", "\"x\"", "\"-3\"", ""] {
            assert_eq!(expected(none), [NO_VERSION], "{none}");
        }
        assert_eq!(expected_versions(&HeaderMap::new()), [0; 0]);
    }

    #[test]
    fn if_none_match_compares_representations() {
        let tag = entity_tag(3, b"active").unwrap();
        let other = entity_tag(3, b"expired").unwrap();
        let known = |value: &str| is_known(&headers(header::IF_NONE_MATCH, value), &tag);
        assert!(known(tag.to_str().unwrap()));
        assert!(known(&format!("\"x\", W/{}", tag.to_str().unwrap())));
        assert!(!known(other.to_str().unwrap()));
    }
}
