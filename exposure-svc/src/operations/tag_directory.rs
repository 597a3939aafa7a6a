//! `UpsertTags`, `DeleteTags`, `ResolveTags`: what is known of a person's tags.

use vocabulary::{FieldErrors, MAX_LIST};

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
        bounded(tags.len(), "tags", &mut errors);
        let user = parse_user(user, &mut errors);
        let mut known = Vec::with_capacity(tags.len());
        for (index, (id, name)) in tags.into_iter().enumerate() {
            let id = TagId::parse(id).map_err(|error| errors.add(format!("tags[{index}].id"), error.to_string()));
            let name =
                TagRef::parse(name).map_err(|error| errors.add(format!("tags[{index}].name"), error.to_string()));
            if let (Ok(id), Ok(name)) = (id, name) {
                known.push(KnownTag { id, name: Some(name) });
            }
        }
        let (Some(user), true) = (user, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let change = self.store.begin().await?;
        change.lock_user(&user).await?;
        change.upsert_tags(&user, known).await?;
        exclude_by_id(&change, &user).await?;
        change.commit(None).await
    }

    /// Forgets tags.
    pub async fn delete_tags(&self, user: String, tags: Vec<String>) -> Result<(), Error> {
        let mut errors = FieldErrors::new();
        bounded(tags.len(), "tag_ids", &mut errors);
        let user = parse_user(user, &mut errors);
        let mut known = Vec::with_capacity(tags.len());
        for (index, id) in tags.into_iter().enumerate() {
            match TagId::parse(id) {
                Ok(id) => known.push(id),
                Err(error) => errors.add(format!("tag_ids[{index}]"), error.to_string()),
            }
        }
        let (Some(user), true) = (user, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let change = self.store.begin().await?;
        change.lock_user(&user).await?;
        change.delete_tags(&user, &known).await?;
        change.commit(None).await
    }

    /// What is known of these ids or names, in the order asked.
    pub async fn resolve_tags(&self, user: String, refs: Vec<String>) -> Result<Vec<(TagId, TagRef)>, Error> {
        let mut errors = FieldErrors::new();
        bounded(refs.len(), "refs", &mut errors);
        let user = parse_user(user, &mut errors);
        let mut asked = Vec::with_capacity(refs.len());
        for (index, reference) in refs.into_iter().enumerate() {
            match TagRef::parse(reference) {
                Ok(reference) => asked.push(reference),
                Err(error) => errors.add(format!("refs[{index}]"), error.to_string()),
            }
        }
        let (Some(user), true) = (user, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let tags = self.store.tags_of(&user, &asked.iter().cloned().collect()).await?;
        Ok(asked.iter().filter_map(|reference| tags.resolve(reference)).collect())
    }
}

/// Has the profiles of `user` exclude by its id what they exclude by a name that is known now.
async fn exclude_by_id(change: &ProfileChange, user: &UserId) -> Result<(), Error> {
    let profiles = change.every_profile_of(user).await?;
    let references = profiles.iter().flat_map(|profile| profile.rules.tags()).collect();
    let tags = change.tags_of(user, &references).await?;
    for profile in profiles {
        let rules = profile.rules.excluding_by_id(&tags);
        if rules != profile.rules {
            // The same version: its owner changed nothing, and what they are shown is the same.
            change.update(&profile, &Profile { rules, ..profile.clone() }).await?;
        }
    }
    Ok(())
}

fn bounded(length: usize, field: &str, errors: &mut FieldErrors) {
    if length == 0 || length > MAX_LIST {
        errors.add(field, format!("must hold 1 to {MAX_LIST} entries"));
    }
}

fn parse_user(user: String, errors: &mut FieldErrors) -> Option<UserId> {
    UserId::parse(user).map_err(|error| errors.add("user_id", error.to_string())).ok()
}
