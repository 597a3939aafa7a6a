//! Changes that are planned outside the user's lock, so that CPU work delays no other change.

use persistence::idempotency::IdempotentRequest;
use types::{Origin, Timestamp};

use super::Exposure;
use crate::{domain::UserId, error::Error, storage::ProfileChange};

/// How often a change is planned outside the lock before it is planned under it.
pub(super) const ATTEMPTS: usize = 3;

impl Exposure {
    /// Begins a change planned at `version` of `user`; `None`: another change came first, and it must be planned again.
    pub(super) async fn begin_planned(
        &self,
        user: &UserId,
        request: Option<&IdempotentRequest>,
        version: Option<i64>,
        now: Timestamp,
        origin: Origin,
    ) -> Result<Option<ProfileChange>, Error> {
        let change = self.store.begin(user, request, origin).await?;
        Ok(change.raise_user_from(version, now).await?.then_some(change))
    }
}
