//! Access grants in the database.

use anyhow::anyhow;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
};
use service_kit::database::page;
use vocabulary::{Instant, Page, PageRequest};

use super::{
    ProfileChange, Store,
    entity::{
        app_access::{ActiveModel, Column, Entity, Model},
        profile,
    },
    failed,
};
use crate::{
    domain::{AppAccess, AppId, Profile, ProfileId, UserId},
    error::Error,
};

/// Which grants of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantFilter {
    /// All of them.
    Any,
    /// Those that are active.
    Active,
    /// Those that have ended.
    Ended,
}

impl Store {
    /// The grant of an app to `user`'s data that was not revoked, else the last one. Which one stands is not told by times:
    /// the clocks of two replicas may differ.
    pub async fn newest_grant(&self, user: &UserId, app: &AppId) -> Result<Option<AppAccess>, Error> {
        newest_grant(self.database.reader(), user, app).await
    }

    /// The grant of an app to `user`'s data that was not revoked, and the profile that it names, as they stand at one moment.
    pub async fn profile_bound_to(
        &self,
        user: &UserId,
        app: &AppId,
    ) -> Result<Option<(AppAccess, Option<Profile>)>, Error> {
        let row = Entity::find()
            .filter(Column::UserId.eq(user.as_str()))
            .filter(Column::AppId.eq(app.as_str()))
            .filter(Column::RevokedAt.is_null())
            .find_also_related(profile::Entity)
            .one(self.database.reader())
            .await
            .map_err(failed)?;
        let Some((access, profile)) = row else { return Ok(None) };
        Ok(Some((access.try_into()?, profile.map(Profile::try_from).transpose()?)))
    }

    /// The grants to `user`'s data, newest first.
    pub async fn grants_of(
        &self,
        user: &UserId,
        filter: GrantFilter,
        now: Instant,
        request: PageRequest,
    ) -> Result<Page<AppAccess>, Error> {
        let grants = Entity::find().filter(Column::UserId.eq(user.as_str()));
        let grants = match filter {
            GrantFilter::Any => grants,
            GrantFilter::Active => grants.filter(is_active(now)),
            GrantFilter::Ended => grants.filter(is_active(now).not()),
        };
        let order = (Column::GrantedAt, Column::Id);
        let (rows, total) = page(self.database.reader(), grants, order, request).await.map_err(failed)?;
        let items = rows.into_iter().map(AppAccess::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total, request })
    }
}

impl ProfileChange {
    /// The grant of an app to `user`'s data that was not revoked, else the last one. Which one stands is not told by times:
    /// the clocks of two replicas may differ.
    pub async fn newest_grant(&self, user: &UserId, app: &AppId) -> Result<Option<AppAccess>, Error> {
        newest_grant(self.connection(), user, app).await
    }

    /// The apps that active grants bind to a profile.
    pub async fn apps_bound_to(&self, profile: ProfileId, now: Instant) -> Result<Vec<AppId>, Error> {
        let rows = Entity::find()
            .filter(Column::ProfileId.eq(profile.0))
            .filter(is_active(now))
            .order_by_asc(Column::AppId)
            .all(self.connection())
            .await
            .map_err(failed)?;
        rows.into_iter().map(|row| AppAccess::try_from(row).map(|access| access.app)).collect()
    }

    /// Takes a profile that is to be deleted out of the grants that have ended.
    pub async fn unbind_ended_grants(&self, profile: ProfileId, now: Instant) -> Result<(), Error> {
        let rows =
            Entity::find().filter(Column::ProfileId.eq(profile.0)).all(self.connection()).await.map_err(failed)?;
        for row in rows {
            let ended = AppAccess::try_from(row)?;
            let revoked_at = ended.revoked_at.or(ended.expires_at).or(Some(now));
            let unbound = AppAccess { profile: None, revoked_at, version: ended.version + 1, ..ended.clone() };
            self.update_grant(&ended, &unbound).await?;
        }
        Ok(())
    }

    /// Writes a grant that is new.
    pub async fn insert_grant(&self, access: &AppAccess) -> Result<(), Error> {
        let row = Model::from(access).into_active_model();
        Entity::insert(row).exec_without_returning(self.connection()).await.map(drop).map_err(failed)
    }

    /// Writes a grant over the version it was changed from, or not at all.
    pub async fn update_grant(&self, before: &AppAccess, after: &AppAccess) -> Result<(), Error> {
        let row: ActiveModel = Model::from(after).into_active_model().reset_all();
        let written = Entity::update_many()
            .set(row)
            .filter(Column::Id.eq(before.id.0))
            .filter(Column::Version.eq(before.version))
            .exec(self.connection())
            .await
            .map_err(failed)?;
        if written.rows_affected == 1 {
            Ok(())
        } else {
            Err(Error::Internal(anyhow!("grant {} changed under its user's lock", before.id)))
        }
    }
}

async fn newest_grant(
    connection: &impl ConnectionTrait,
    user: &UserId,
    app: &AppId,
) -> Result<Option<AppAccess>, Error> {
    let row = Entity::find()
        .filter(Column::UserId.eq(user.as_str()))
        .filter(Column::AppId.eq(app.as_str()))
        .order_by_desc(Column::RevokedAt.is_null())
        .order_by_desc(Column::GrantedAt)
        .order_by_desc(Column::Id)
        .one(connection)
        .await
        .map_err(failed)?;
    row.map(AppAccess::try_from).transpose()
}

/// The condition that [`AppAccess::is_active`] holds, in SQL.
fn is_active(now: Instant) -> Condition {
    let lasts = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now.utc()));
    Condition::all().add(Column::RevokedAt.is_null()).add(lasts)
}
