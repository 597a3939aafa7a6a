//! `RevokeShare` and `LeaveShare`: end a share, and with it everything re-shared from it.

use persistence::Priority;
use service::consistency::Stamped;
use types::{ExpectedVersions, Origin};

use super::{Sharing, consistency::stamp, share_named, update_share::may_change};
use crate::{
    domain::{ShareId, ShareView, UserId, access::Chain},
    error::Error,
};

impl Sharing {
    /// Revokes the share named `id` for `user`, its owner or creator. A revoked share is returned unchanged.
    pub async fn revoke_share(
        &self,
        user: UserId,
        id: String,
        expected: ExpectedVersions,
        origin: Origin,
    ) -> Result<Stamped<ShareView>, Error> {
        let id = share_named(&id)?;
        let seen = self.store.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        self.end_share(&seen.share().owner, id, &expected, origin, |chain| may_change(&user, chain)).await
    }

    /// Ends the share named `id` for `user`, its recipient. A revoked share is returned unchanged.
    pub async fn leave_share(&self, user: UserId, id: String, origin: Origin) -> Result<Stamped<ShareView>, Error> {
        let id = share_named(&id)?;
        let seen = self.store.share_seen_by(&user, id).await?.ok_or(Error::ShareNotFound)?;
        let expected = ExpectedVersions::new(Vec::new());
        self.end_share(&seen.share().owner, id, &expected, origin, |chain| {
            if chain.share().recipient == user { Ok(()) } else { Err(Error::ShareNotFound) }
        })
        .await
    }

    /// It writes one row, whatever the number of re-shares: decisions consider every share above.
    async fn end_share(
        &self,
        owner: &UserId,
        id: ShareId,
        expected: &ExpectedVersions,
        origin: Origin,
        authorize: impl Fn(&Chain) -> Result<(), Error>,
    ) -> Result<Stamped<ShareView>, Error> {
        let change = self.store.begin(Some((owner, Priority::First)), None, origin).await?;
        let now = self.clock.now();
        let version = change.raise_owner(owner, now).await?;
        let chain = change.chain(owner, id).await?.ok_or(Error::ShareNotFound)?;
        authorize(&chain)?;
        // First: a repeat of the revocation names the version that the first one ended.
        if chain.is_revoked() {
            // The version is not raised: the change is not committed.
            return Ok(Stamped { value: chain.view(now), stamp: Some(stamp(owner, version - 1, now)) });
        }
        if !expected.matches(chain.share().version) {
            return Err(Error::PreconditionFailed);
        }
        let revoked = change.revoke(chain.share(), now).await?;
        change.commit(None).await?;
        self.hints.ended(&revoked);
        let value = chain.with_share(revoked).view(now);
        Ok(Stamped { value, stamp: Some(stamp(owner, version, now)) })
    }
}
