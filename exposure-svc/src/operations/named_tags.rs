//! Names of tags that come without one, from the tag directory.

use std::collections::HashSet;

use crate::domain::{TagDirectory, TagId, TagRef, exposure::TagFacts};

/// The ids of the tags that come without a name.
pub(super) fn unnamed<'a>(tags: impl Iterator<Item = &'a TagFacts<'a>>) -> HashSet<TagRef> {
    let ids = tags.filter(|tag| tag.name.is_empty()).filter_map(|tag| TagId::parse(tag.id).ok());
    ids.map(TagRef::id).collect()
}

/// A tag with its name, if it is known.
pub(super) fn named<'a>(tag: &'a TagFacts<'a>, directory: &'a TagDirectory) -> TagFacts<'a> {
    if !tag.name.is_empty() {
        return tag.clone();
    }
    let name = TagId::parse(tag.id).ok().and_then(|id| directory.name_of(&id));
    name.map_or_else(|| tag.clone(), |name| TagFacts::new(tag.id, name.as_str()))
}
