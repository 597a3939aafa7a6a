//! `DeleteProfile`: removes a profile without active grants that is not the default.

use service::consistency::Stamp;
use types::{ExpectedVersions, Origin};

use super::{Exposure, profile_named};
use crate::{domain::UserId, error::Error};

impl Exposure {
    /// Deletes the profile named `id` of `owner`, unless it is the default or an active grant names it.
    pub async fn delete_profile(
        &self,
        owner: UserId,
        id: String,
        expected: ExpectedVersions,
        origin: Origin,
    ) -> Result<Option<Stamp>, Error> {
        let id = profile_named(&id)?;
        self.refuse_erased(&owner)?;
        let change = self.store.begin(&owner, None, origin).await?;
        let now = self.clock.now();
        change.raise_user(now).await?;
        let profile = change.reads().profile(id).await?.ok_or(Error::ProfileNotFound)?;
        if !expected.matches(profile.version) {
            return Err(Error::PreconditionFailed);
        }
        if profile.is_default {
            return Err(Error::ProfileIsDefault);
        }
        let apps = change.reads().apps_bound_to(profile.id, now).await?;
        if !apps.is_empty() {
            return Err(Error::ProfileInUse(apps));
        }
        change.unbind_ended_grants(profile.id, now).await?;
        change.delete(&profile).await?;
        let stamp = change.stamp();
        change.commit(None).await?;
        Ok(stamp)
    }
}
