//! `GetProfile` and `GetProfileYaml`: one profile, for its owner.

use anyhow::Context;

use super::{Exposure, TagNames, profile_named, shown};
use crate::{
    domain::{Profile, UserId, to_yaml},
    error::Error,
};

impl Exposure {
    /// The profile named `id`, if it is `owner`'s.
    pub async fn get_profile(&self, owner: &UserId, id: &str, names: TagNames) -> Result<Profile, Error> {
        let profile = self.store.profile_of(owner, profile_named(id)?).await?.ok_or(Error::ProfileNotFound)?;
        if names == TagNames::Kept {
            return Ok(profile);
        }
        let tags = self.store.tags_of(owner, &profile.rules.tags()).await?;
        Ok(shown(profile, &tags))
    }

    /// A profile, as it is shown, as YAML.
    pub fn profile_yaml(profile: &Profile) -> Result<String, Error> {
        to_yaml(profile).context("a profile cannot be written as YAML").map_err(Error::Internal)
    }
}
