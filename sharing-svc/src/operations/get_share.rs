//! `GetShare`: one share, for those it concerns.

use super::{Sharing, share_named};
use crate::{
    domain::{ShareView, UserId},
    error::Error,
};

impl Sharing {
    /// The share named `id`, if `user` owns, created or received it.
    pub async fn get_share(&self, user: &UserId, id: &str) -> Result<ShareView, Error> {
        let chain = self.store.share_seen_by(user, share_named(id)?).await?.ok_or(Error::ShareNotFound)?;
        Ok(chain.view(self.clock.now()))
    }
}
