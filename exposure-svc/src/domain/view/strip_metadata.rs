//! `strip_metadata`: members that speak of the data and not of the person go.

use serde_json::{Map, Value};

use super::members::each_member;

/// Removes metadata members, at any depth.
pub(super) fn strip_metadata(fields: &mut Map<String, Value>) {
    each_member(fields, &mut |name, _| !is_metadata(name));
}

/// `metadata` and `meta`, also as the last word of a longer name: `source_metadata`, `exifMetadata`, `_meta`, `pageMeta`.
fn is_metadata(name: &str) -> bool {
    let lower = name.to_lowercase();
    let ends_in_word = |word: &str| {
        lower
            .strip_suffix(word)
            .is_some_and(|stem| stem.is_empty() || stem.ends_with(|last: char| !last.is_alphanumeric()))
    };
    // `exifMeta`: a word that begins with a capital behind another character that is none.
    let ends_in_camel = name.strip_suffix("Meta").is_some_and(|stem| stem.ends_with(|last: char| !last.is_uppercase()));
    lower.ends_with("metadata") || ends_in_word("meta") || ends_in_word("metas") || ends_in_camel
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_recognized_by_name() {
        for name in [
            "metadata",
            "Metadata",
            "meta",
            "_meta",
            "source_metadata",
            "exifMetadata",
            "x-meta",
            "exifMeta",
            "sourceMeta",
            "pageMeta",
            "Meta",
            "META",
            "source meta",
            "v2Meta",
        ] {
            assert!(is_metadata(name), "{name}");
        }
        for name in ["metabolism", "data", "metaphor", "beta", "prometa", "meta_tags_seen", "gammeta"] {
            assert!(!is_metadata(name), "{name}");
        }
    }
}
