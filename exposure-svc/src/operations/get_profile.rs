//! `GetProfile` and `GetProfileYaml`: one profile, for its owner.

use anyhow::Context;

use super::{Exposure, TagNames, profile_named};
use crate::{
    domain::{Profile, ShownProfile, UserId, to_yaml},
    error::Error,
};

impl Exposure {
    /// The profile named `id`, if it is `owner`'s.
    pub async fn get_profile(&self, owner: &UserId, id: &str, names: TagNames) -> Result<ShownProfile, Error> {
        let reads = self.store.of(owner);
        let profile = reads.profile(profile_named(id)?).await?.ok_or(Error::ProfileNotFound)?;
        let tags = reads.tags(&profile.rules.tags()).await?;
        Ok(match names {
            TagNames::Resolved => ShownProfile::by_names(profile, &tags),
            TagNames::Stored => ShownProfile::as_stored(profile, &tags),
        })
    }

    /// A profile, as it is shown, as YAML.
    pub fn profile_yaml(profile: &Profile) -> Result<String, Error> {
        to_yaml(profile).context("a profile cannot be written as YAML").map_err(Error::Internal)
    }
}
