//! What is stored about a person who is erased.

use persistence::{
    erasure::{Erasure, delete_slice},
    usage_days::OtherParty,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use types::Timestamp;

use super::{
    ProfileChange, Store, UserReads,
    entity::{app_access, profile, tag},
    failed,
};
use crate::{
    domain::{AppAccess, Profile, UserId},
    error::Error,
};

/// How much an erasure removes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoredRows {
    /// Profiles.
    pub profiles: i64,
    /// Access grants.
    pub grants: i64,
    /// Tags.
    pub tags: i64,
}

impl<C: sea_orm::ConnectionTrait> UserReads<'_, C> {
    /// A slice of the grants that were not revoked.
    pub async fn unrevoked_grants(&self, limit: u64) -> Result<Vec<AppAccess>, Error> {
        let rows = app_access::Entity::find()
            .filter(app_access::Column::UserId.eq(self.user.as_str()))
            .filter(app_access::Column::RevokedAt.is_null())
            .limit(limit)
            .all(self.connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(AppAccess::try_from).collect()
    }

    /// A slice of the active profiles.
    pub async fn active_profiles(&self, limit: u64) -> Result<Vec<Profile>, Error> {
        let rows = profile::Entity::find()
            .filter(profile::Column::UserId.eq(self.user.as_str()))
            .filter(profile::Column::IsActive.eq(true))
            .limit(limit)
            .all(self.connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    /// How many rows there are.
    pub async fn stored_rows(&self) -> Result<StoredRows, Error> {
        use sea_orm::PaginatorTrait;
        let count = |rows: u64| i64::try_from(rows).unwrap_or(i64::MAX);
        let profiles = profile::Entity::find().filter(profile::Column::UserId.eq(self.user.as_str()));
        let grants = app_access::Entity::find().filter(app_access::Column::UserId.eq(self.user.as_str()));
        let tags = tag::Entity::find().filter(tag::Column::UserId.eq(self.user.as_str()));
        Ok(StoredRows {
            profiles: count(profiles.count(self.connection).await.map_err(failed)?),
            grants: count(grants.count(self.connection).await.map_err(failed)?),
            tags: count(tags.count(self.connection).await.map_err(failed)?),
        })
    }
}

impl Store {
    /// Whether anything is stored about `user`.
    pub async fn mentions(&self, user: &UserId) -> Result<bool, Error> {
        let is_stored = self.of(user).version().await?.is_some()
            || self.database.usage_mentions(user.as_str(), OtherParty::App).await.map_err(failed)?;
        Ok(is_stored || self.database.feed_mentions(user.as_str()).await.map_err(failed)?)
    }

    /// The erasure of a person; `None`: none was requested, or it is done.
    pub async fn erasure_of(&self, user: &UserId) -> Result<Option<Erasure>, Error> {
        self.database.erasure_of(user.as_str()).await.map_err(failed)
    }

    /// Records the request to erase a person.
    pub async fn request_erasure(&self, user: &UserId, now: Timestamp) -> Result<Erasure, Error> {
        self.database.request_erasure(user.as_str(), now).await.map_err(failed)
    }
}

impl ProfileChange {
    /// Deletes a slice of the user's rows, grants before the profiles that they name; returns whether there may be more.
    pub async fn erase_slice(&self) -> Result<bool, Error> {
        for (table, key) in [("app_access", "id"), ("profiles", "id"), ("tags", "tag_id")] {
            if delete_slice(self.change(), table, "user_id", self.user().as_str(), key).await.map_err(failed)? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
