//! `strip_metadata`: members that speak of the data and not of the person go.

use serde_json::{Map, Value};

use super::members::each_member;

/// Takes out every member that is named for metadata, at any depth.
pub(super) fn strip_metadata(fields: &mut Map<String, Value>) {
    each_member(fields, &mut |name, _| !is_metadata(name));
}

/// `metadata` and `meta`, also as the end of a longer name: `source_metadata`, `exifMetadata`, `_meta`.
fn is_metadata(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower == "meta" || lower.ends_with("metadata") || lower.ends_with("_meta") || lower.ends_with("-meta")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_known_by_its_name() {
        for name in ["metadata", "Metadata", "meta", "_meta", "source_metadata", "exifMetadata", "x-meta"] {
            assert!(is_metadata(name), "{name}");
        }
        for name in ["metabolism", "data", "metaphor", "beta"] {
            assert!(!is_metadata(name), "{name}");
        }
    }
}
