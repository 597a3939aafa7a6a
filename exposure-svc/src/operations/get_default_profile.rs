//! `GetDefaultProfile`: the transparent default, made on the first call.

use anyhow::anyhow;

use super::{Exposure, create_profile::new_profile, create_profile_from_template::from_template};
use crate::{
    domain::{ShownProfile, TagDirectory, Template, UserId},
    error::Error,
};

impl Exposure {
    /// The default profile of `owner`. However many ask first at once, one is made.
    pub async fn get_default_profile(&self, owner: UserId) -> Result<ShownProfile, Error> {
        if let Some(profile) = self.store.default_profile_of(&owner).await? {
            let tags = self.store.tags_of(&owner, &profile.rules.tags()).await?;
            return Ok(ShownProfile::by_names(profile, &tags));
        }
        let now = self.clock.now();
        let change = self.store.begin(&owner, None).await?;
        change.lock_user(&owner).await?;
        if let Some(profile) = change.default_profile_of(&owner).await? {
            let tags = change.tags_of(&owner, &profile.rules.tags()).await?;
            return Ok(ShownProfile::by_names(profile, &tags));
        }
        let template = Template::Transparent;
        let name = template.default_name().map_err(|error| Error::Internal(anyhow!(error)))?;
        let profile = new_profile(owner, from_template(template, name), now);
        change.insert(&profile).await?;
        change.commit(None).await?;
        // A template names no tags.
        Ok(ShownProfile::by_names(profile, &TagDirectory::default()))
    }
}
