//! `UpsertTags`, `DeleteTags`, `ResolveTags`: what is known of a person's tags.

use std::collections::HashSet;

use vocabulary::{FieldErrors, MAX_LIST, WrongItems};

use super::Exposure;
use crate::{
    domain::{KnownTag, Profile, TagId, TagRef, UserId},
    error::Error,
    storage::ProfileChange,
};

impl Exposure {
    /// Learns tags, as ids and names, or new names of known ones.
    pub async fn upsert_tags(&self, user: String, tags: Vec<(String, String)>) -> Result<(), Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let known = each(tags, "tags", &mut errors, |(id, name), path, errors| {
            let id = TagId::parse(id).map_err(|error| errors.add(format!("{path}.id"), error.to_string())).ok();
            let name = TagRef::parse(name).map_err(|error| errors.add(format!("{path}.name"), error.to_string())).ok();
            Some(KnownTag { id: id?, name: Some(name?) })
        });
        let (user, known) = errors.into_read(user.zip(Some(known))).map_err(Error::Invalid)?;
        let change = self.store.begin(&user, None).await?;
        change.lock_user(&user).await?;
        let before = change.tags_of(&user, &ids(known.iter().map(|tag| &tag.id))).await?;
        let learnt = Learnt {
            names: known.iter().filter_map(|tag| tag.name.clone()).collect(),
            renamed: known.iter().filter_map(|tag| before.renamed(&tag.id, tag.name.as_ref())).collect(),
        };
        change.upsert_tags(&user, known).await?;
        tell_profiles(&change, &user, learnt).await?;
        change.commit(None).await
    }

    /// Forgets tags.
    pub async fn delete_tags(&self, user: String, tags: Vec<String>) -> Result<(), Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let known = each(tags, "tag_ids", &mut errors, |id, path, errors| {
            TagId::parse(id).map_err(|error| errors.add(path, error.to_string())).ok()
        });
        let (user, known) = errors.into_read(user.zip(Some(known))).map_err(Error::Invalid)?;
        let change = self.store.begin(&user, None).await?;
        change.lock_user(&user).await?;
        let before = change.tags_of(&user, &ids(known.iter())).await?;
        let renamed = known.iter().filter_map(|id| before.renamed(id, None)).collect();
        change.delete_tags(&user, &known).await?;
        tell_profiles(&change, &user, Learnt { names: HashSet::new(), renamed }).await?;
        change.commit(None).await
    }

    /// What is known of these ids or names, in the order asked.
    pub async fn resolve_tags(&self, user: String, refs: Vec<String>) -> Result<Vec<(TagId, TagRef)>, Error> {
        let mut errors = FieldErrors::new();
        let user = parse_user(user, &mut errors);
        let asked = each(refs, "refs", &mut errors, |reference, path, errors| {
            TagRef::parse(reference).map_err(|error| errors.add(path, error.to_string())).ok()
        });
        let (user, asked) = errors.into_read(user.zip(Some(asked))).map_err(Error::Invalid)?;
        let tags = self.store.tags_of(&user, &asked.iter().cloned().collect()).await?;
        Ok(asked.iter().filter_map(|reference| tags.resolve(reference)).collect())
    }
}

/// What became known of tags.
struct Learnt {
    /// Names that tags have now.
    names: HashSet<TagRef>,
    /// The ids of tags that are called otherwise than before, or nothing any more.
    renamed: HashSet<TagRef>,
}

/// Has the profiles of `user` exclude by its id what they exclude by one of these names; and raises the version of those that are
/// shown otherwise now: what was read before must not be written back as if it still meant the same.
async fn tell_profiles(change: &ProfileChange, user: &UserId, learnt: Learnt) -> Result<(), Error> {
    let Learnt { mut names, renamed } = learnt;
    let profiles = change.every_profile_of(user).await?;
    let excluded = profiles.iter().flat_map(|profile| profile.rules.excluded_tags());
    let excluded: HashSet<_> = excluded.flat_map(TagRef::writings).collect();
    names.retain(|name| name.writings().any(|writing| excluded.contains(&writing)));
    if names.is_empty() && renamed.is_empty() {
        return Ok(());
    }
    let tags = change.tags_of(user, &names).await?;
    for profile in profiles {
        let rules = profile.rules.excluding_by_id(&tags);
        let is_shown_otherwise = !renamed.is_empty() && rules.names_any(&renamed);
        if rules != profile.rules || is_shown_otherwise {
            // What is excluded by an id that was learnt is shown by its name, as before: that by itself is no new version.
            let version = profile.version + i64::from(is_shown_otherwise);
            change.update(&profile, &Profile { rules, version, ..profile.clone() }).await?;
        }
    }
    Ok(())
}

fn ids<'a>(tags: impl Iterator<Item = &'a TagId>) -> HashSet<TagRef> {
    // An id is of a tag reference's shape by its own definition.
    tags.filter_map(|id| TagRef::parse(id.to_string()).ok()).collect()
}

/// Reads the list `field`, each item by `read`, which says at its path what is wrong with it. A list too long is not read at all.
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
    let mut wrong = WrongItems::default();
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
