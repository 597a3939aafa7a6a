//! `GetDefaultProfile`: the transparent default, made on the first call.

use anyhow::anyhow;
use persistence::feed::EventLimit;
use service::consistency::Stamped;
use types::Origin;

use super::{Exposure, create_profile::unstamped, create_profile_from_template::profile_from_template};
use crate::{
    domain::{ShownProfile, TagDirectory, Template, UserId},
    error::Error,
};

impl Exposure {
    /// The default profile of `owner`. Concurrent first requests create one.
    pub async fn get_default_profile(&self, owner: UserId, origin: Origin) -> Result<Stamped<ShownProfile>, Error> {
        let reads = self.store.of(&owner);
        if let Some(profile) = reads.default_profile().await? {
            let tags = reads.tags(&profile.rules.tags()).await?;
            return Ok(unstamped(ShownProfile::by_names(profile, &tags)));
        }
        self.refuse_erased(&owner)?;
        let now = self.clock.now();
        let change = self.store.begin(&owner, None, origin).await?;
        change.raise_user(now).await?;
        if let Some(profile) = change.reads().default_profile().await? {
            let tags = change.reads().tags(&profile.rules.tags()).await?;
            return Ok(unstamped(ShownProfile::by_names(profile, &tags)));
        }
        let template = Template::Transparent;
        let name = template.default_name().map_err(|error| Error::Internal(anyhow!(error)))?;
        let profile = profile_from_template(owner.clone(), template, name, now);
        change.insert(&profile, EventLimit::Exempt).await?;
        let stamp = change.stamp();
        change.commit(None).await?;
        // A template names no tags.
        Ok(Stamped { value: ShownProfile::by_names(profile, &TagDirectory::default()), stamp })
    }
}
