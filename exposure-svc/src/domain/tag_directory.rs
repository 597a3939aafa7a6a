//! The ids and names of a person's tags: names become ids when a profile is stored, and names again when it is shown.

use std::collections::HashMap;

use super::{TagId, TagRef, TagText};

/// A tag in the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownTag {
    /// Its id.
    pub id: TagId,
    /// Its name; `None`: it was deleted, and its id is never the name of another tag.
    pub name: Option<TagText>,
}

/// The tags of one person, as far as the references at hand can mean them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagDirectory {
    name_of: HashMap<TagId, Option<TagText>>,
    /// Sorted, so that the result is deterministic.
    ids_of: HashMap<TagText, Vec<TagId>>,
    /// The person has other tags too.
    has_others: bool,
}

/// The meaning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution<'a> {
    /// This tag.
    Tag(&'a TagId),
    /// No known tag.
    Unknown,
    /// Each of these tags carries it as its name; two at least.
    Ambiguous(&'a [TagId]),
}

impl TagDirectory {
    /// A directory of these tags; duplicates count once.
    pub fn new(tags: impl IntoIterator<Item = KnownTag>) -> Self {
        let mut directory = Self::default();
        for KnownTag { id, name } in tags {
            directory.name_of.entry(id).or_insert(name);
        }
        directory.index();
        directory
    }

    /// The same directory of a person who has other tags too.
    #[must_use]
    pub fn with_others(self) -> Self {
        Self { has_others: true, ..self }
    }

    /// The directory after these tags became known, were renamed or were deleted. Of a tag that is there twice, the last counts.
    #[must_use]
    pub fn with_changes(mut self, changes: impl IntoIterator<Item = KnownTag>) -> Self {
        self.name_of.extend(changes.into_iter().map(|KnownTag { id, name }| (id, name)));
        self.index();
        self
    }

    fn index(&mut self) {
        self.ids_of.clear();
        for (id, name) in &self.name_of {
            if let Some(name) = name {
                self.ids_of.entry(name.clone()).or_default().push(id.clone());
            }
        }
        self.ids_of.values_mut().for_each(|ids| ids.sort_unstable());
    }

    /// What a text means. An id is an id even when another tag has it for its name, and even when its tag was deleted.
    pub fn resolve<'a>(&'a self, text: &TagText) -> Resolution<'a> {
        if let Some((id, _)) = text.as_id().and_then(|id| self.name_of.get_key_value(&id)) {
            return Resolution::Tag(id);
        }
        match self.ids_named(text) {
            [] => Resolution::Unknown,
            [id] => Resolution::Tag(id),
            ids @ [_, ..] => Resolution::Ambiguous(ids),
        }
    }

    /// The tags that carry this name.
    pub fn ids_named(&self, name: &TagText) -> &[TagId] {
        self.ids_of.get(name).map_or(&[], Vec::as_slice)
    }

    /// The ids of the known tags.
    pub fn ids(&self) -> impl Iterator<Item = &TagId> {
        self.name_of.keys()
    }

    /// The name of a tag; `None`: it is unknown or was deleted.
    pub fn name_of(&self, id: &TagId) -> Option<&TagText> {
        self.name_of.get(id)?.as_ref()
    }

    /// The text to show for a reference: the name of a known tag where that name, written back, means this tag alone; else its id.
    pub fn shown(&self, reference: &TagRef) -> TagText {
        match reference {
            TagRef::Text(text) => text.clone(),
            TagRef::Id { id } => match self.name_of(id) {
                Some(name) if self.resolve(name) == Resolution::Tag(id) => name.clone(),
                Some(_) | None => id.into(),
            },
        }
    }

    /// Whether this change has no effect.
    pub fn knows(&self, KnownTag { id, name }: &KnownTag) -> bool {
        self.name_of.get(id) == Some(name)
    }

    /// Whether it is the id of a tag that was deleted.
    pub fn was_deleted(&self, id: &TagId) -> bool {
        self.name_of.get(id).is_some_and(Option::is_none)
    }

    /// Whether the person has any tag that was not deleted.
    pub fn has_tags(&self) -> bool {
        self.has_others || !self.ids_of.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(tags: &[(&str, &str)]) -> TagDirectory {
        TagDirectory::new(
            tags.iter().map(|(tag, name)| KnownTag { id: id(tag), name: (!name.is_empty()).then(|| text(name)) }),
        )
    }

    fn id(id: &str) -> TagId {
        TagId::parse(id).unwrap()
    }

    fn text(text: &str) -> TagText {
        TagText::parse(text).unwrap()
    }

    #[test]
    fn known_name_resolves_to_its_id_and_is_shown_again() {
        let directory = directory(&[("t1", "work"), ("t2", "Zu Hause 🏡"), ("t3", "caf\u{e9}")]);
        assert_eq!(directory.resolve(&text("work")), Resolution::Tag(&id("t1")));
        assert_eq!(directory.resolve(&text(" cafe\u{301}")), Resolution::Tag(&id("t3")));
        assert_eq!(directory.shown(&TagRef::id(id("t2"))), text("Zu Hause 🏡"));
        assert_eq!(directory.resolve(&text("play")), Resolution::Unknown);
    }

    #[test]
    fn written_back_text_is_the_same_tag() {
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
        for tag in ["t1", "t2", "t3", "t4", "t5", "t6", "t7"] {
            let shown = directory.shown(&TagRef::id(id(tag)));
            assert_eq!(directory.resolve(&shown), Resolution::Tag(&id(tag)), "{shown}");
        }
        assert_eq!(directory.shown(&TagRef::id(id("t1"))), text("t1"));
        assert_eq!(directory.shown(&TagRef::id(id("t3"))), text("t3"));
        assert_eq!(directory.resolve(&text("work")), Resolution::Ambiguous(&[id("t1"), id("t2")]));
    }

    #[test]
    fn changes_rename_delete_and_add() {
        let changed = directory(&[("t1", "work"), ("t2", "home")]).with_changes([
            KnownTag { id: id("t1"), name: Some(text("office")) },
            KnownTag { id: id("t2"), name: None },
            KnownTag { id: id("t3"), name: Some(text("home")) },
        ]);
        assert_eq!(changed, directory(&[("t1", "office"), ("t2", ""), ("t3", "home")]));
        assert!(changed.was_deleted(&id("t2")) && changed.has_tags());
        assert!(!directory(&[("t2", "")]).has_tags() && directory(&[]).with_others().has_tags());
    }
}
