//! How the tags of a profile are stored and shown (docs/exposure.md, "Tag references").
//!
//! Neither a rename, nor a second tag of the same name, nor a profile that is written back as it was shown exposes more than
//! before.

use std::collections::{BTreeMap, HashMap, HashSet};

use types::{FieldErrors, UniqueVec};

use super::{Rules, TagDirectory, TagEffect, TagRef, TagText, rules::TagPlace, tag_directory::Resolution};

/// Ids of an ambiguous name that an error lists at most.
const LISTED_IDS: usize = 5;

impl Rules {
    /// The rules to store for these, which a person wrote over `current`. A text that names a tag of the directory becomes its id.
    /// Where several tags carry a name, an exclusion takes the ids of all of them beside the name, and any other place is an error
    /// that names the ids. What is stored already at the same place, and is shown as it is written, stays as it is stored.
    #[must_use]
    pub fn resolved(&self, current: &Self, directory: &TagDirectory, errors: &mut FieldErrors) -> Self {
        let stored = StoredTags::new(current, directory);
        self.map_tags(|place, written| match place.effect {
            TagEffect::Excludes => stored.resolve_exclusion(place, written, directory),
            TagEffect::Includes => stored.resolve_inclusion(place, written, directory, errors),
        })
    }

    /// The rules to store once the directory has changed: a text that names a tag becomes its id; in an exclusion the text stays
    /// beside the ids, since it may be the id of a tag that the directory does not know yet.
    #[must_use]
    pub fn learned(&self, directory: &TagDirectory) -> Self {
        self.map_tags(|place, stored| match place.effect {
            TagEffect::Excludes => learned_exclusion(stored, directory),
            TagEffect::Includes => UniqueVec::new(
                stored
                    .iter()
                    .map(|tag| match tag.text().map(|text| directory.resolve(text)) {
                        Some(Resolution::Tag(id)) => TagRef::id(id.clone()),
                        Some(Resolution::Unknown | Resolution::Ambiguous(_)) | None => tag.clone(),
                    })
                    .collect(),
            ),
        })
    }

    /// The rules as their owner sees them: every reference as a text, a known tag by its name where that name, written back, means
    /// the same.
    #[must_use]
    pub fn shown(&self, directory: &TagDirectory) -> Self {
        self.map_tags(|place, stored| {
            UniqueVec::new(shown_texts(place.effect, stored, directory).into_iter().map(TagRef::Text).collect())
        })
    }

    /// The rules with every reference as a text: ids as they are stored.
    #[must_use]
    pub fn as_texts(&self) -> Self {
        self.map_tags(|_, stored| UniqueVec::new(stored.iter().map(|tag| TagRef::Text(tag.to_text())).collect()))
    }
}

/// The texts to show for the references of a list, in its order. In an exclusion, a tag beside a text that is its name or its id is
/// shown as that text, though other tags carry the name too: written back, the text means all of them.
fn shown_texts(effect: TagEffect, list: &UniqueVec<TagRef>, directory: &TagDirectory) -> Vec<TagText> {
    let texts: HashSet<_> = match effect {
        TagEffect::Excludes => list.iter().filter_map(TagRef::text).collect(),
        TagEffect::Includes => HashSet::new(),
    };
    let shown = |tag: &TagRef| {
        let TagRef::Id { id } = tag else { return tag.to_text() };
        let texts_of_tag = directory.name_of(id).cloned().into_iter().chain([TagText::from(id)]);
        texts_of_tag.into_iter().find(|text| texts.contains(text)).unwrap_or_else(|| directory.shown(tag))
    };
    list.iter().map(shown).collect()
}

/// A list of exclusions, with the ids of the tags that its texts name. It may grow beyond what a person may write: no exclusion
/// is dropped to make room.
fn learned_exclusion(stored: &UniqueVec<TagRef>, directory: &TagDirectory) -> UniqueVec<TagRef> {
    let ids = stored.iter().filter_map(TagRef::text).flat_map(|text| match directory.resolve(text) {
        Resolution::Tag(id) => std::slice::from_ref(id),
        Resolution::Ambiguous(ids) => ids,
        Resolution::Unknown => &[],
    });
    UniqueVec::new(stored.iter().cloned().chain(ids.cloned().map(TagRef::id)).collect())
}

/// The stored references by the text that shows them.
#[derive(Default)]
struct StoredTags {
    /// Exclusions, by their path.
    exclusions: BTreeMap<String, HashMap<TagText, StoredExclusion>>,
    /// Everything else, by its path.
    inclusions: HashMap<String, HashMap<TagText, TagRef>>,
    /// Lists of exclusions in the order in which they are stored, by their path.
    lists: HashMap<String, UniqueVec<TagRef>>,
}

/// The references that are stored for one text, in order.
#[derive(Default)]
struct StoredExclusion {
    references: Vec<TagRef>,
    seen: HashSet<TagRef>,
}

impl StoredExclusion {
    fn extend<'a>(&mut self, references: impl IntoIterator<Item = &'a TagRef>) {
        for reference in references {
            if self.seen.insert(reference.clone()) {
                self.references.push(reference.clone());
            }
        }
    }
}

impl StoredTags {
    fn new(rules: &Rules, directory: &TagDirectory) -> Self {
        let mut all = Self::default();
        let _ = rules.map_tags(|place, stored| {
            match place.effect {
                TagEffect::Excludes => all.add_exclusions(place, stored, directory),
                TagEffect::Includes => {
                    let list = all.inclusions.entry(Self::path(place)).or_default();
                    for (tag, shown) in stored.iter().zip(shown_texts(place.effect, stored, directory)) {
                        // The text that is shown comes first: it is what a person would write back.
                        list.insert(shown, tag.clone());
                    }
                    for tag in stored {
                        list.entry(tag.to_text()).or_insert_with(|| tag.clone());
                    }
                }
            }
            stored.clone()
        });
        all
    }

    fn add_exclusions(&mut self, place: &TagPlace<'_>, stored: &UniqueVec<TagRef>, directory: &TagDirectory) {
        let shown = shown_texts(place.effect, stored, directory);
        let both = |(tag, shown): (&TagRef, TagText)| UniqueVec::new(vec![shown, tag.to_text()]);
        let mut texts = stored.iter().zip(shown).map(both);
        let exclusions = self.exclusions.entry(Self::path(place)).or_default();
        if Self::is_expression(place) {
            // All references of the tag belong to the one text that is shown of it.
            let first = texts.next().unwrap_or_default();
            for text in &first {
                exclusions.entry(text.clone()).or_default().extend(stored);
            }
            return;
        }
        for (tag, texts) in stored.iter().zip(texts) {
            for text in &texts {
                exclusions.entry(text.clone()).or_default().extend([tag]);
            }
        }
        self.lists.insert(place.path.to_owned(), stored.clone());
    }

    /// What is stored for an exclusion that is shown as `text`: at the same place, else at any, since an update may move it.
    fn exclusion(&self, place: &TagPlace<'_>, text: &TagText) -> impl Iterator<Item = &TagRef> {
        let here = self.exclusions.get(&Self::path(place)).and_then(|exclusions| exclusions.get(text));
        let anywhere = self.exclusions.values().filter_map(|exclusions| exclusions.get(text));
        let elsewhere = here.is_none().then_some(anywhere);
        here.into_iter().chain(elsewhere.into_iter().flatten()).flat_map(|stored| &stored.references)
    }

    /// An update may move the conditions of the expression: all of them are one place.
    fn path(place: &TagPlace<'_>) -> String {
        if Self::is_expression(place) { "tag_expression".to_owned() } else { place.path.to_owned() }
    }

    fn is_expression(place: &TagPlace<'_>) -> bool {
        place.path.starts_with("tag_expression")
    }

    fn resolve_exclusion(
        &self,
        place: &TagPlace<'_>,
        written: &UniqueVec<TagRef>,
        directory: &TagDirectory,
    ) -> UniqueVec<TagRef> {
        let each = written.iter().flat_map(|tag| {
            let text = tag.to_text();
            let stored: Vec<_> = self.exclusion(place, &text).cloned().collect();
            let (reference, named) = match directory.resolve(&text) {
                Resolution::Tag(id) => (TagRef::id(id.clone()), &[][..]),
                Resolution::Unknown => (TagRef::Text(text), &[][..]),
                Resolution::Ambiguous(ids) => (TagRef::Text(text), ids),
            };
            stored.into_iter().chain([reference]).chain(named.iter().cloned().map(TagRef::id)).collect::<Vec<_>>()
        });
        let resolved = UniqueVec::new(each.collect());
        match self.lists.get(place.path) {
            // In another order it would pass for a change.
            Some(stored) if resolved.is_subset(stored) && stored.is_subset(&resolved) => stored.clone(),
            Some(_) | None => resolved,
        }
    }

    fn resolve_inclusion(
        &self,
        place: &TagPlace<'_>,
        written: &UniqueVec<TagRef>,
        directory: &TagDirectory,
        errors: &mut FieldErrors,
    ) -> UniqueVec<TagRef> {
        let list = self.inclusions.get(&Self::path(place));
        let each = written.iter().map(|tag| {
            let text = tag.to_text();
            if let Some(stored) = list.and_then(|list| list.get(&text)) {
                return stored.clone();
            }
            match directory.resolve(&text) {
                Resolution::Tag(id) => TagRef::id(id.clone()),
                Resolution::Unknown => TagRef::Text(text),
                Resolution::Ambiguous(ids) => {
                    let listed: Vec<_> = ids.iter().take(LISTED_IDS).map(|id| format!("`{id}`")).collect();
                    let more = match ids.len().saturating_sub(LISTED_IDS) {
                        0 => String::new(),
                        more => format!(" and {more} more"),
                    };
                    let ids = listed.join(", ");
                    errors.add(
                        place.path,
                        format!("names `{text}`, which is the name of the tags {ids}{more}; write an id"),
                    );
                    TagRef::Text(text)
                }
            }
        });
        UniqueVec::new(each.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{KnownTag, TagExpression, TagFilters, TagId, TagOp};

    fn directory(tags: &[(&str, &str)]) -> TagDirectory {
        TagDirectory::new(
            tags.iter().map(|(tag, name)| KnownTag { id: id(tag), name: Some(TagText::parse(name).unwrap()) }),
        )
    }

    fn id(id: &str) -> TagId {
        TagId::parse(id).unwrap()
    }

    /// `#t1` is an id, anything else a text.
    fn list(tags: &[&str]) -> UniqueVec<TagRef> {
        let tag = |text: &&str| match text.strip_prefix('#') {
            Some(tag) => TagRef::id(id(tag)),
            None => TagRef::parse(text).unwrap(),
        };
        UniqueVec::new(tags.iter().map(tag).collect())
    }

    /// Rules that exclude these, by both lists.
    fn excluding(tags: &[&str]) -> Rules {
        let filters = TagFilters { exclude_any: list(tags), ..TagFilters::default() };
        Rules { tag_filters: Some(filters), excluded_tag_ids: list(tags), ..Rules::default() }
    }

    fn including(tags: &[&str]) -> Rules {
        Rules { allowed_tag_ids: list(tags), ..Rules::default() }
    }

    /// `NOT tag`, and beside it `tag`.
    fn expression(excluded: &[&str], included: &str) -> Rules {
        let mut excluded = list(excluded).iter().cloned().collect::<Vec<_>>().into_iter();
        let tag = excluded.next().unwrap();
        let ids = excluded.map(|other| TagId::parse(other.as_str()).unwrap()).collect();
        let not = TagExpression::Operation {
            op: TagOp::Not,
            conditions: vec![TagExpression::Tag { tag, ids: UniqueVec::new(ids) }],
        };
        let included = TagExpression::tag(list(&[included]).iter().next().unwrap().clone());
        let all = TagExpression::Operation { op: TagOp::And, conditions: vec![not, included] };
        Rules { tag_expression: Some(all), ..Rules::default() }
    }

    fn resolved(written: &Rules, current: &Rules, directory: &TagDirectory) -> Result<Rules, String> {
        let mut errors = FieldErrors::new();
        let rules = written.resolved(current, directory, &mut errors);
        if errors.is_empty() { Ok(rules) } else { Err(errors.to_string()) }
    }

    #[test]
    fn known_name_becomes_its_id_and_unknown_text_stays() {
        let directory = directory(&[("t1", "diary"), ("t2", "diary"), ("t3", "work")]);
        let none = Rules::default();
        assert_eq!(
            resolved(&including(&["work", "t1", "play"]), &none, &directory),
            Ok(including(&["#t3", "#t1", "play"]))
        );
        assert_eq!(
            resolved(&excluding(&["work", "diary", "play"]), &none, &directory),
            Ok(excluding(&["#t3", "diary", "#t1", "#t2", "play"]))
        );
        assert_eq!(
            resolved(&expression(&["diary"], "work"), &none, &directory),
            Ok(expression(&["diary", "#t1", "#t2"], "#t3"))
        );
    }

    #[test]
    fn ambiguous_name_is_an_error_unless_it_is_stored_there() {
        let directory = directory(&[("t1", "diary"), ("t2", "diary")]);
        let ambiguous = including(&["diary"]);
        assert_eq!(
            resolved(&ambiguous, &Rules::default(), &directory),
            Err("allowed_tag_ids names `diary`, which is the name of the tags `t1`, `t2`; write an id".to_owned())
        );
        assert_eq!(resolved(&ambiguous, &ambiguous, &directory), Ok(ambiguous.clone()));
        // Stored elsewhere, it was not accepted here.
        assert!(resolved(&ambiguous, &excluding(&["diary"]), &directory).is_err());
        let wrong = resolved(&expression(&["x"], "diary"), &Rules::default(), &directory).unwrap_err();
        assert!(wrong.starts_with("tag_expression.conditions[1].tag names"), "{wrong}");
        let stored = expression(&["x"], "diary");
        assert_eq!(resolved(&stored, &stored, &directory), Ok(stored.clone()));
    }

    #[test]
    fn learned_text_becomes_an_id_and_an_exclusion_keeps_it_too() {
        let directory = directory(&[("t1", "diary"), ("t2", "diary"), ("t3", "work"), ("t4", "t5")]);
        assert_eq!(including(&["work", "play"]).learned(&directory), including(&["#t3", "play"]));
        assert_eq!(including(&["diary"]).learned(&directory), including(&["diary"]));
        let learned = excluding(&["diary"]).learned(&directory);
        assert_eq!(learned, excluding(&["diary", "#t1", "#t2"]));
        assert_eq!(expression(&["work"], "work").learned(&directory), expression(&["work", "#t3"], "#t3"));
        let renamed = self::directory(&[("t1", "journal"), ("t2", "diary")]);
        assert_eq!(learned.learned(&renamed), learned);
    }

    #[test]
    fn written_back_rules_exclude_no_less_and_include_no_more() {
        for tags in [
            [("t1", "diary"), ("t2", "diary"), ("t3", "work")],
            [("t1", "diary"), ("t2", "else"), ("t3", "work")],
            [("t1", "journal"), ("t2", "diary"), ("t3", "t1")],
        ] {
            let directory = directory(&tags);
            for stored in [&["diary", "#t1"][..], &["work", "diary", "#t3", "#t1", "#t2"], &["#t1", "#t9"], &["t7"]] {
                for rules in [excluding(stored), including(stored), expression(&stored[..1], stored[0])] {
                    let once = resolved(&rules.shown(&directory), &rules, &directory).unwrap();
                    let mut kept = Vec::new();
                    once.each_tag(&mut |place, tag| kept.push((place, tag.clone())));
                    rules.each_tag(&mut |place, tag| {
                        let is_kept = kept.contains(&(place, tag.clone()));
                        assert!(is_kept || place.effect == TagEffect::Includes, "{stored:?} {tags:?}");
                    });
                    let mut before = Vec::new();
                    rules.each_tag(&mut |place, tag| before.push((place, tag.clone())));
                    for (place, tag) in kept.iter().filter(|(place, _)| place.effect == TagEffect::Includes) {
                        assert!(before.contains(&(*place, tag.clone())), "{stored:?} {tags:?} {tag:?}");
                    }
                    assert_eq!(
                        resolved(&once.shown(&directory), &once, &directory).unwrap(),
                        once,
                        "{stored:?} {tags:?}"
                    );
                }
            }
        }
    }
}
