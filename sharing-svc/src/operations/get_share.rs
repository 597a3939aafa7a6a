//! `GetShare`: one share, for those it concerns.

use super::{Answer, Sharing, share_named};
use crate::{domain::UserId, error::Error};

impl Sharing {
    /// The share named `id`, if `user` owns, made or received it.
    pub async fn get_share(&self, user: &UserId, id: &str) -> Result<Answer, Error> {
        let share = self.store.share_seen_by(user, share_named(id)?).await?.ok_or(Error::ShareNotFound)?;
        Ok(Answer { share, as_of: self.clock.now() })
    }
}
