//! `UpsertTags`, `DeleteTags`, `ResolveTags`, `ListTags`: the tags of a person.

use persistence::feed::EventLimit;
use std::collections::{BTreeMap, HashSet};

use service::{
    consistency::Stamp,
    cpu_work::{Permit, permit_of, run_blocking},
};
use types::{FieldErrors, IdPage, ItemErrors, MAX_LIST, Origin, PageSizes, Timestamp};

use super::{Exposure, consistency::stamp, planned_change::ATTEMPTS};
use crate::{
    domain::{ChangedProfile, KnownTag, Resolution, TagId, TagRef, TagText, UserId, changed_profiles},
    error::Error,
    storage::{Connection, ProfileChange, UserReads},
};

/// A change of the directory, with its effect on profiles.
struct PlannedTags {
    tags: Vec<KnownTag>,
    profiles: Vec<ChangedProfile>,
}

/// Tags on a page.
pub const TAG_PAGES: PageSizes = PageSizes { default: 20, max: 100 };

/// One page of the tags of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagsPage {
    /// Sorted by id.
    pub tags: Vec<KnownTag>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Exposure {
    /// A page of the tags in `user`'s directory, without deleted ones.
    pub async fn list_tags(&self, user: &UserId, page: &IdPage) -> Result<TagsPage, Error> {
        let mut tags = self.store.of(user).tags_after(&page.after, page.size + 1).await?;
        let next = page.cut(&mut tags, None, |tag| tag.id.to_string());
        Ok(TagsPage { tags, next })
    }

    /// Inserts or renames tags. Of duplicates, the last counts.
    pub async fn upsert_tags(
        &self,
        user: String,
        tags: Vec<(String, String)>,
        origin: Origin,
    ) -> Result<Option<Stamp>, Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let known = each(tags, "tags", &mut errors, |(id, name), path, errors| {
            let id = TagId::parse(id).map_err(|error| errors.add(format!("{path}.id"), error.to_string())).ok();
            let name =
                TagText::parse(&name).map_err(|error| errors.add(format!("{path}.name"), error.to_string())).ok();
            Some(KnownTag { id: id?, name: Some(name?) })
        });
        let (user, known) = errors.into_read(user.zip(Some(known))).map_err(Error::Invalid)?;
        self.change_tags(&user, known, origin).await
    }

    /// Deletes the names of tags. Unknown tags stay unknown.
    pub async fn delete_tags(&self, user: String, tags: Vec<String>, origin: Origin) -> Result<Option<Stamp>, Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let deleted = each(tags, "tag_ids", &mut errors, |id, path, errors| {
            TagId::parse(id).map_err(|error| errors.add(path, error.to_string())).ok()
        });
        let (user, deleted) = errors.into_read(user.zip(Some(deleted))).map_err(Error::Invalid)?;
        self.change_tags(&user, deleted.into_iter().map(|id| KnownTag { id, name: None }).collect(), origin).await
    }

    /// The directory entries of these ids or names, in the order of the request.
    pub async fn resolve_tags(&self, user: String, refs: Vec<String>) -> Result<Vec<(TagId, TagText)>, Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let asked = each(refs, "refs", &mut errors, |reference, path, errors| {
            TagText::parse(&reference).map_err(|error| errors.add(path, error.to_string())).ok()
        });
        let (user, asked) = errors.into_read(user.zip(Some(asked))).map_err(Error::Invalid)?;
        let references = asked.iter().cloned().map(TagRef::Text).collect();
        let tags = self.store.of(&user).tags(&references).await?;
        let known = asked.iter().filter_map(|text| match tags.resolve(text) {
            Resolution::Tag(id) => tags.name_of(id).map(|name| (id.clone(), name.clone())),
            Resolution::Unknown | Resolution::Ambiguous(_) => None,
        });
        Ok(known.collect())
    }

    async fn change_tags(&self, user: &UserId, tags: Vec<KnownTag>, origin: Origin) -> Result<Option<Stamp>, Error> {
        self.refuse_erased(user)?;
        let tags: BTreeMap<_, _> = tags.into_iter().map(|tag| (tag.id.clone(), tag)).collect();
        let tags: Vec<_> = tags.into_values().collect();
        for _ in 0..ATTEMPTS {
            let reads = self.store.of(user);
            // Read first, so that a later change is detected.
            let version = reads.version().await?;
            let Some(planned) = plan(&reads, &tags, None).await? else {
                return Ok(version.map(|version| stamp(user, version, self.clock.now())));
            };
            let now = self.clock.now();
            if let Some(change) = self.begin_planned(user, None, version, now, origin.clone()).await? {
                return write(change, planned, now).await;
            }
        }
        // Before the lock.
        let permit = permit_of(user.as_str()).await?;
        let change = self.store.begin(user, None, origin).await?;
        let now = self.clock.now();
        change.raise_user(now).await?;
        match plan(&change.reads(), &tags, Some(permit)).await? {
            Some(planned) => write(change, planned, now).await,
            None => Ok(change.stamp_before()),
        }
    }
}

/// The rows to write for `tags`; `None`: no change.
async fn plan<C: Connection>(
    reads: &UserReads<'_, C>,
    tags: &[KnownTag],
    acquired: Option<Permit>,
) -> Result<Option<PlannedTags>, Error> {
    let names = tags.iter().filter_map(|tag| tag.name.clone()).map(TagRef::Text);
    let references: HashSet<_> = tags.iter().map(|tag| TagRef::id(tag.id.clone())).chain(names).collect();
    let known = reads.tags(&references).await?;
    // A deletion changes nothing of a tag that has no name.
    let is_new = |tag: &&KnownTag| !known.knows(tag) && (tag.name.is_some() || known.name_of(&tag.id).is_some());
    let tags: Vec<_> = tags.iter().filter(is_new).cloned().collect();
    if tags.is_empty() {
        return Ok(None);
    }
    // The texts whose meaning changes, and the tags with one of these names.
    let names = tags.iter().flat_map(|tag| known.name_of(&tag.id).into_iter().chain(&tag.name).cloned());
    let texts = names.chain(tags.iter().map(|tag| TagText::from(&tag.id))).map(TagRef::Text);
    let carriers = known.ids().cloned().map(TagRef::id);
    let affected: HashSet<_> = texts.chain(carriers).chain(references).collect();

    let mut profiles = reads.every_profile().await?;
    profiles.retain(|profile| profile.rules.names_any(&affected));
    if profiles.is_empty() {
        return Ok(Some(PlannedTags { tags, profiles: Vec::new() }));
    }
    let references = profiles.iter().flat_map(|profile| profile.rules.tags()).chain(affected).collect();
    let before = reads.tags(&references).await?;
    let after = before.clone().with_changes(tags.iter().cloned());
    let permit = match acquired {
        Some(permit) => permit,
        None => permit_of(reads.user().as_str()).await?,
    };
    let (_, profiles) = run_blocking(permit, move || changed_profiles(profiles, &before, &after)).await?;
    Ok(Some(PlannedTags { tags, profiles }))
}

async fn write(change: ProfileChange, planned: PlannedTags, now: Timestamp) -> Result<Option<Stamp>, Error> {
    change.write_tags(&planned.tags, now).await?;
    for ChangedProfile { before, after } in &planned.profiles {
        change.update(before, after, EventLimit::Exempt).await?;
    }
    let stamp = change.stamp();
    change.commit(None).await?;
    Ok(stamp)
}

/// Parses the list `field`, each item by `read`, which reports errors at its path. A list that is too long is not parsed.
fn each<T, U>(
    items: Vec<T>,
    field: &str,
    errors: &mut FieldErrors,
    read: impl Fn(T, String, &mut FieldErrors) -> Option<U>,
) -> Vec<U> {
    if items.is_empty() || items.len() > MAX_LIST {
        errors.add(field, format!("must hold 1 to {MAX_LIST} entries"));
        return Vec::new();
    }
    let mut wrong = ItemErrors::default();
    let mut found = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let mut here = FieldErrors::new();
        found.extend(read(item, format!("{field}[{index}]"), &mut here));
        if !here.is_empty() {
            wrong.add(errors, |errors| errors.append(here));
        }
    }
    wrong.count_rest(field, errors);
    found
}

fn parse_user(user: String, errors: &mut FieldErrors) -> Option<UserId> {
    UserId::parse(user).map_err(|error| errors.add("user_id", error.to_string())).ok()
}
