//! How exclusions are kept: so that neither a rename, nor a name that is not told, nor a profile written back as it was shown
//! lets out what was excluded (docs/exposure.md, "Tags").

use std::collections::{HashMap, HashSet};

use vocabulary::Distinct;

use super::{Rules, TagDirectory, TagFilters, TagRef};

impl Rules {
    /// The rules to keep for these, which a person wrote over `standing`: every known name gives way to its id. What is excluded by
    /// a name that several tags have is excluded by the name and by all of their ids; and whatever was kept of an exclusion before
    /// stays, so that what is shown, written back, excludes no less.
    #[must_use]
    pub fn with_ids(&self, standing: &Self, directory: &TagDirectory) -> Self {
        let [one, other] = self.exclusions();
        let [one_before, other_before] = standing.exclusions();
        let exclusions = [kept(one, one_before, directory), kept(other, other_before, directory)];
        self.map_tags(&|written| directory.kept(written)).with_exclusions(exclusions)
    }

    /// The same rules, in which what is excluded by a name that the directory has come to know is excluded by the ids of the tags of
    /// that name too. The name stays, since it may be the id of a tag that the directory does not know yet.
    #[must_use]
    pub fn excluding_by_id(&self, directory: &TagDirectory) -> Self {
        // Longer than a person may write it, if need be: no exclusion is dropped to make room.
        let learnt = |tags: &Distinct<TagRef>| {
            let ids = tags.iter().flat_map(|tag| directory.ids_named(tag));
            Distinct::new(tags.iter().chain(ids).cloned().collect())
        };
        let exclusions = self.exclusions().map(|tags| tags.map_or_else(Distinct::default, learnt));
        self.clone().with_exclusions(exclusions)
    }

    /// The rules as their owner sees them: every known id gives way to its name, where that name, written back, would mean the
    /// same.
    #[must_use]
    pub fn shown(&self, directory: &TagDirectory) -> Self {
        let show = |tags: &Distinct<TagRef>| Distinct::new(shown(tags, directory).map(|(_, shown)| shown).collect());
        let exclusions = self.exclusions().map(|tags| tags.map_or_else(Distinct::default, show));
        self.map_tags(&|kept| directory.shown(kept)).with_exclusions(exclusions)
    }

    /// Every tag that is named to be excluded.
    pub fn excluded_tags(&self) -> impl Iterator<Item = &TagRef> {
        self.exclusions().into_iter().flatten().flatten()
    }

    /// The lists of what is excluded: of the tag filters, and of its own.
    fn exclusions(&self) -> [Option<&Distinct<TagRef>>; 2] {
        [self.tag_filters.as_ref().map(|filters| &filters.exclude_any), Some(&self.excluded_tag_ids)]
    }

    fn with_exclusions(self, [of_filters, excluded_tag_ids]: [Distinct<TagRef>; 2]) -> Self {
        let tag_filters = self.tag_filters.map(|filters| TagFilters { exclude_any: of_filters, ..filters });
        Self { tag_filters, excluded_tag_ids, ..self }
    }
}

/// What a list excludes, each as it is kept and as it is shown. What is kept beside the name that it has is shown as that name, though
/// others have it too: written back, the name stands for all of them.
fn shown<'a>(kept: &'a Distinct<TagRef>, directory: &TagDirectory) -> impl Iterator<Item = (&'a TagRef, TagRef)> {
    let all: HashSet<&TagRef> = kept.iter().collect();
    kept.iter().map(move |tag| match directory.name_of(tag).filter(|name| all.contains(name)) {
        Some(name) => (tag, name.clone()),
        None => (tag, directory.shown(tag)),
    })
}

/// What is kept of a list that was `written` where `before` was kept.
fn kept(
    written: Option<&Distinct<TagRef>>,
    before: Option<&Distinct<TagRef>>,
    directory: &TagDirectory,
) -> Distinct<TagRef> {
    let mut before_by_what_is_written: HashMap<TagRef, Vec<&TagRef>> = HashMap::new();
    for (kept, shown) in before.into_iter().flat_map(|before| shown(before, directory)) {
        for written in HashSet::from([kept.clone(), shown]) {
            before_by_what_is_written.entry(written).or_default().push(kept);
        }
    }
    let each = written.into_iter().flatten().flat_map(|tag| {
        let before = before_by_what_is_written.get(tag).into_iter().flatten().copied();
        let ids = directory.ids_named(tag);
        let of_several = if ids.len() > 1 { ids } else { &[] };
        before.cloned().chain([directory.kept(tag)]).chain(of_several.iter().cloned())
    });
    let kept = Distinct::new(each.collect());
    match before {
        // In another order it would pass for a change.
        Some(before) if kept.is_subset(before) && before.is_subset(&kept) => before.clone(),
        Some(_) | None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{KnownTag, TagId};

    fn directory(tags: &[(&str, &str)]) -> TagDirectory {
        TagDirectory::new(
            tags.iter().map(|(id, name)| KnownTag { id: TagId::parse(*id).unwrap(), name: Some(tag(name)) }),
        )
    }

    fn tag(text: &str) -> TagRef {
        TagRef::parse(text.to_owned()).unwrap()
    }

    /// Rules that exclude these, by both lists.
    fn excluding(tags: &[&str]) -> Rules {
        let tags = Distinct::new(tags.iter().map(|text| tag(text)).collect());
        let filters = TagFilters { exclude_any: tags.clone(), ..TagFilters::default() };
        Rules { tag_filters: Some(filters), excluded_tag_ids: tags, ..Rules::default() }
    }

    #[test]
    fn a_name_is_kept_as_its_id_and_one_of_several_tags_as_all_of_them() {
        let directory = directory(&[("t1", "diary"), ("t2", "diary"), ("t3", "work")]);
        let kept = excluding(&["work", "diary", "unknown"]).with_ids(&Rules::default(), &directory);
        assert_eq!(kept, excluding(&["t3", "diary", "t1", "t2", "unknown"]));
    }

    #[test]
    fn a_name_that_becomes_known_is_excluded_by_every_id_it_has() {
        let learnt = excluding(&["diary"]).excluding_by_id(&directory(&[("t1", "diary"), ("t2", "diary")]));
        assert_eq!(learnt, excluding(&["diary", "t1", "t2"]));
        let renamed = directory(&[("t1", "journal"), ("t2", "diary")]);
        assert_eq!(learnt.excluding_by_id(&renamed), learnt);
    }

    #[test]
    fn what_is_shown_and_written_back_is_what_stood() {
        for tags in [
            [("t1", "diary"), ("t2", "diary"), ("t3", "work")],
            [("t1", "diary"), ("t2", "else"), ("t3", "work")],
            [("t1", "journal"), ("t2", "diary"), ("t3", "t1")],
        ] {
            let directory = directory(&tags);
            for kept in [&["diary", "t1"][..], &["work", "diary", "t3", "t1", "t2"], &["t1", "t9"], &[]] {
                let standing = excluding(kept);
                let again = standing.shown(&directory).with_ids(&standing, &directory);
                assert!(standing.excluded_tags().all(|tag| again.excluded_tags().any(|kept| kept == tag)), "{kept:?}");
                let once_more = again.shown(&directory).with_ids(&again, &directory);
                assert_eq!(once_more, again, "{kept:?} over {tags:?}");
            }
        }
    }

    #[test]
    fn what_is_kept_beside_its_name_is_shown_as_the_name() {
        let directory = directory(&[("t1", "diary"), ("t2", "diary"), ("t3", "work")]);
        for (kept, shown) in [
            (&["diary", "t1", "t2"][..], &["diary"][..]),
            (&["t1", "t2"], &["t1", "t2"]),
            (&["t3", "unknown", "work"], &["work", "unknown"]),
        ] {
            assert_eq!(excluding(kept).shown(&directory), excluding(shown));
        }
    }

    #[test]
    fn what_is_not_written_again_is_excluded_no_more() {
        let directory = directory(&[("t1", "diary"), ("t3", "work")]);
        let standing = excluding(&["diary", "t1", "t3"]);
        assert_eq!(excluding(&["work"]).with_ids(&standing, &directory), excluding(&["t3"]));
    }
}
