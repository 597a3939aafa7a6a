//! The ids and names of a person's tags: names become ids when they are kept, and names again when they are shown.

use std::collections::HashMap;

use vocabulary::{Id, Tag};

use super::TagRef;

/// A tag.
pub type TagId = Id<Tag>;

/// A tag that the directory knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTag {
    /// Its id.
    pub id: TagId,
    /// Its name today; `None`: it was deleted, and its id is never taken for another tag's name.
    pub name: Option<TagRef>,
}

/// What is known of one person's tags.
#[derive(Clone, Debug, Default)]
pub struct TagDirectory {
    name_of: HashMap<String, Option<TagRef>>,
    /// By the composed form of the name.
    ids_of: HashMap<String, Vec<TagRef>>,
}

impl TagDirectory {
    /// A directory of these tags; one that comes twice counts once.
    pub fn new(tags: impl IntoIterator<Item = KnownTag>) -> Self {
        let mut directory = Self::default();
        for KnownTag { id, name } in tags {
            // An id is of a tag reference's shape by its own definition.
            let Ok(id) = TagRef::parse(id.to_string()) else { continue };
            if directory.name_of.insert(id.as_str().to_owned(), name.clone()).is_some() {
                continue;
            }
            if let Some(name) = name {
                directory.ids_of.entry(name.composed().into_owned()).or_default().push(id);
            }
        }
        directory
    }

    /// The reference to keep for one that a person wrote: a known name gives way to its id, so that a rename changes
    /// nothing. An id is an id even when another tag has it for a name, and even when its tag was deleted.
    pub fn kept(&self, written: &TagRef) -> TagRef {
        match self.ids_named(written) {
            [id] => id.clone(),
            // Which of several is meant nobody can know.
            [] | [_, ..] => written.clone(),
        }
    }

    /// The tags that have this name; none where it is an id, even when a tag has it for a name.
    pub fn ids_named(&self, written: &TagRef) -> &[TagRef] {
        if self.name_of.contains_key(written.as_str()) {
            return &[];
        }
        self.ids_of.get(written.composed().as_ref()).map_or(&[], Vec::as_slice)
    }

    /// The reference to show for one that was kept: a known id gives way to its name, where that name, written back, would
    /// mean the same tag.
    pub fn shown(&self, kept: &TagRef) -> TagRef {
        match self.name_of.get(kept.as_str()) {
            Some(Some(name)) if self.kept(name) == *kept => name.clone(),
            Some(_) | None => kept.clone(),
        }
    }

    /// The name of the tag whose id this is.
    pub fn name_of(&self, id: &TagRef) -> Option<&TagRef> {
        self.name_of.get(id.as_str())?.as_ref()
    }

    /// The id, if it is of a tag that was called otherwise than `now`.
    pub fn renamed(&self, id: &TagId, now: Option<&TagRef>) -> Option<TagRef> {
        let (id, before) = self.name_of.get_key_value(id.as_str())?;
        let was_called_otherwise = before.is_some() && before.as_ref() != now;
        was_called_otherwise.then(|| TagRef::parse(id.clone()).ok()).flatten()
    }

    /// Whether any tag that is known here was deleted.
    pub fn knows_deleted(&self) -> bool {
        self.name_of.values().any(Option::is_none)
    }

    /// Whether it is the id of a tag that was deleted.
    pub fn was_deleted(&self, kept: &TagRef) -> bool {
        self.name_of.get(kept.as_str()).is_some_and(Option::is_none)
    }

    /// The tag that an id or a name stands for; `None`: it is unknown or was deleted.
    pub fn resolve(&self, reference: &TagRef) -> Option<(TagId, TagRef)> {
        let id = self.kept(reference);
        let name = self.name_of.get(id.as_str())?.clone()?;
        TagId::parse(id.as_str()).ok().map(|id| (id, name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(tags: &[(&str, &str)]) -> TagDirectory {
        TagDirectory::new(
            tags.iter().map(|(id, name)| KnownTag {
                id: TagId::parse(*id).unwrap(),
                name: (!name.is_empty()).then(|| tag(name)),
            }),
        )
    }

    fn tag(text: &str) -> TagRef {
        TagRef::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_known_name_is_kept_as_its_id_and_shown_as_its_name() {
        let directory = directory(&[("t1", "work"), ("t2", "Zu Hause 🏡")]);
        assert_eq!(directory.kept(&tag("work")), tag("t1"));
        assert_eq!(directory.shown(&tag("t2")), tag("Zu Hause 🏡"));
        assert_eq!(directory.kept(&tag("play")), tag("play"));
    }

    #[test]
    fn a_name_is_known_however_its_letters_are_written() {
        let directory = directory(&[("t1", "caf\u{e9}"), ("t2", "ma\u{f1}ana"), ("t3", "man\u{303}ana")]);
        assert_eq!(directory.kept(&tag("cafe\u{301}")), tag("t1"));
        assert_eq!(directory.ids_named(&tag("ma\u{f1}ana")), [tag("t2"), tag("t3")], "two tags of one name");
    }

    #[test]
    fn what_is_shown_means_the_same_when_it_is_written_back() {
        // Two tags of one name, a name that is another tag's id, a tag named like itself, and one named like a deleted one.
        let directory = directory(&[
            ("t1", "work"),
            ("t2", "work"),
            ("t3", "t4"),
            ("t4", "rest"),
            ("t5", "t5"),
            ("t6", ""),
            ("t7", "t6"),
        ]);
        for kept in ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t9", "unknown"] {
            let kept = tag(kept);
            assert_eq!(directory.kept(&directory.shown(&kept)), kept);
        }
        assert_eq!(directory.shown(&tag("t1")), tag("t1"));
        assert_eq!(directory.shown(&tag("t3")), tag("t3"));
    }
}
