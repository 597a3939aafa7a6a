//! `RevokeShare`: ends a share and everything passed on from it.

use vocabulary::ExpectedVersions;

use super::{Answer, Sharing, share_named, update_share::may_change};
use crate::{domain::UserId, error::Error};

impl Sharing {
    /// Revokes the share named `id` for `user`, who must own it or have passed it on. What is revoked stays as it is.
    pub async fn revoke_share(&self, user: UserId, id: String, expected: ExpectedVersions) -> Result<Answer, Error> {
        let id = share_named(&id)?;
        let seen = self.store.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        let change = self.store.begin().await?;
        change.lock_owner(&seen.owner).await?;
        let share = change.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        may_change(&user, &share)?;
        let now = self.clock.now();
        // First: a repeat of the revocation names the version that the first one ended.
        if share.revoked_at.is_some() {
            return Ok(Answer { share, as_of: now });
        }
        if !expected.admit(share.version) {
            return Err(Error::PreconditionFailed);
        }
        let revoked = change.revoke(&share, now).await?;
        change.commit(None).await?;
        Ok(Answer { share: revoked, as_of: now })
    }
}
