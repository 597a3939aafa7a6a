//! Access grants in the database.

use anyhow::anyhow;
use persistence::{
    feed::{EventLimit, NewEvent},
    page, placeholders,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    IntoActiveModel, QueryFilter, QueryOrder, QueryResult, QuerySelect, QueryTrait, Select, Statement, sea_query::Expr,
};
use service::cpu_work::CpuBudget;
use types::{Page, PageRequest, Timestamp};

use super::{
    ProfileChange, UserReads,
    entity::{
        app_access::{ActiveModel, Column, Entity, Model},
        profile,
    },
    events::grant_event,
    failed,
};
use crate::{
    domain::{AppAccess, AppId, EventKind, GrantId, Profile, ProfileId},
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

impl<C: ConnectionTrait> UserReads<'_, C> {
    /// The grant of an app that was not revoked, else the last one. Which one it is does not depend on times: the clocks of two
    /// replicas may differ.
    pub async fn newest_grant(&self, app: &AppId) -> Result<Option<AppAccess>, Error> {
        let row = self
            .grant_rows()
            .filter(Column::AppId.eq(app.as_str()))
            .order_by_desc(Column::RevokedAt.is_null())
            .order_by_desc(Column::GrantedAt)
            .order_by_desc(Column::Id)
            .one(self.connection)
            .await
            .map_err(failed)?;
        row.map(AppAccess::try_from).transpose()
    }

    /// The unrevoked grant of an app and its profile, with the user's version, in one snapshot.
    pub async fn profile_bound_to(&self, app: &AppId) -> Result<Option<(AppAccess, Profile, Option<i64>)>, Error> {
        let version = match self.connection.get_database_backend() {
            DbBackend::Postgres => "(SELECT version FROM users WHERE user_id = $1)",
            DbBackend::Sqlite | _ => "(SELECT version FROM users WHERE user_id = ?)",
        };
        let version = Expr::cust_with_values(version, [self.user.as_str()]);
        let statement = self
            .grant_rows()
            .expr_as(version, "user_version")
            .filter(Column::AppId.eq(app.as_str()))
            .filter(Column::RevokedAt.is_null())
            .find_also_related(profile::Entity)
            // The join implies it; stated, it names the shard. A grant that was not revoked names a profile.
            .filter(profile::Column::UserId.eq(self.user.as_str()))
            .limit(1)
            .build(self.connection.get_database_backend());
        let Some(row) = self.connection.query_one_raw(statement).await.map_err(failed)? else { return Ok(None) };
        let access = Model::from_query_result(&row, "A_").map_err(failed)?;
        let profile = profile::Model::from_query_result(&row, "B_").map_err(failed)?;
        let version = row.try_get("A_", "user_version").map_err(failed)?;
        Ok(Some((access.try_into()?, profile.try_into()?, version)))
    }

    /// A page of grants, newest first.
    pub async fn grants(
        &self,
        filter: GrantFilter,
        now: Timestamp,
        request: PageRequest,
    ) -> Result<Page<AppAccess>, Error> {
        let grants = match filter {
            GrantFilter::Any => self.grant_rows(),
            GrantFilter::Active => self.grant_rows().filter(is_active(now)),
            GrantFilter::Ended => self.grant_rows().filter(is_active(now).not()),
        };
        let order = (Column::GrantedAt, Column::Id);
        let (rows, total) = page(self.connection, grants, order, request).await.map_err(failed)?;
        let items = rows.into_iter().map(AppAccess::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total, request })
    }

    /// The active grants of apps after `after`, each with its profile, ordered by app. The profiles may be large.
    pub async fn connected_apps(
        &self,
        after: &str,
        now: Timestamp,
        limit: usize,
        cpu: &CpuBudget,
    ) -> Result<Vec<(AppAccess, Profile)>, Error> {
        let statement = self
            .grant_rows()
            .filter(Column::AppId.gt(after))
            .filter(is_active(now))
            .find_also_related(profile::Entity)
            .filter(profile::Column::UserId.eq(self.user.as_str()))
            .order_by_asc(Column::AppId)
            .limit(u64::try_from(limit).unwrap_or(u64::MAX))
            .build(self.connection.get_database_backend());
        let rows = self.connection.query_all_raw(statement).await.map_err(failed)?;
        let read = |row: &QueryResult| {
            let access = Model::from_query_result(row, "A_").map_err(failed)?;
            let profile = profile::Model::from_query_result(row, "B_").map_err(failed)?;
            Ok((access.try_into()?, profile.try_into()?))
        };
        cpu.run(|| rows.iter().map(read).collect())
    }

    /// The same, with the name of the profile and whether it is active.
    pub async fn connected_app_names(
        &self,
        after: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(AppAccess, String, bool)>, Error> {
        const CONNECTED: &str = "
            SELECT a.*, p.name AS profile_name, p.is_active AS profile_is_active
            FROM app_access AS a JOIN profiles AS p ON p.user_id = $1 AND p.id = a.profile_id
            WHERE a.user_id = $1 AND a.app_id > $2 AND a.revoked_at IS NULL AND (a.expires_at IS NULL OR a.expires_at > $3)
            ORDER BY a.app_id LIMIT $4";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = [self.user.as_str().into(), after.into(), now.utc().into(), limit.into()];
        let statement = Statement::from_sql_and_values(self.connection.get_database_backend(), CONNECTED, values);
        let rows = self.connection.query_all_raw(statement).await.map_err(failed)?;
        let read = |row: &QueryResult| {
            let access = Model::from_query_result(row, "").map_err(failed)?.try_into()?;
            let name = row.try_get("", "profile_name").map_err(failed)?;
            Ok((access, name, row.try_get("", "profile_is_active").map_err(failed)?))
        };
        rows.iter().map(read).collect()
    }

    /// The apps that active grants bind to a profile.
    pub async fn apps_bound_to(&self, profile: ProfileId, now: Timestamp) -> Result<Vec<AppId>, Error> {
        let rows = self
            .grant_rows()
            .filter(Column::ProfileId.eq(profile.0))
            .filter(is_active(now))
            .order_by_asc(Column::AppId)
            .all(self.connection)
            .await
            .map_err(failed)?;
        rows.into_iter().map(|row| AppAccess::try_from(row).map(|access| access.app)).collect()
    }

    /// The apps, after `after`, whose grants were revoked at this time: all, or those among `apps`.
    pub async fn apps_revoked_at(
        &self,
        apps: Option<&[AppId]>,
        revoked_at: Timestamp,
        after: &str,
        limit: usize,
    ) -> Result<Vec<AppId>, Error> {
        let mut rows = self
            .grant_rows()
            .filter(Column::RevokedAt.eq(revoked_at.utc()))
            .filter(Column::AppId.gt(after))
            .order_by_asc(Column::AppId)
            .limit(u64::try_from(limit).unwrap_or(u64::MAX));
        if let Some(apps) = apps {
            rows = rows.filter(Column::AppId.is_in(apps.iter().map(AppId::as_str)));
        }
        let rows = rows.all(self.connection).await.map_err(failed)?;
        rows.into_iter().map(|row| AppAccess::try_from(row).map(|access| access.app)).collect()
    }

    /// The grant with this id.
    pub async fn grant(&self, id: GrantId) -> Result<Option<AppAccess>, Error> {
        let row = self.grant_rows().filter(Column::Id.eq(id.0)).one(self.connection).await.map_err(failed)?;
        row.map(AppAccess::try_from).transpose()
    }

    fn grant_rows(&self) -> Select<Entity> {
        Entity::find().filter(Column::UserId.eq(self.user.as_str()))
    }
}

impl ProfileChange {
    /// Clears the references of ended grants to a profile that is deleted.
    pub async fn unbind_ended_grants(&self, profile: ProfileId, now: Timestamp) -> Result<(), Error> {
        let rows = self.reads().grant_rows().filter(Column::ProfileId.eq(profile.0));
        for row in rows.all(self.connection()).await.map_err(failed)? {
            let ended = AppAccess::try_from(row)?;
            // The expiry of a grant that ends here is not announced otherwise.
            let is_expiry = ended.revoked_at.is_none() && !ended.expiry_announced;
            let kind = if is_expiry { EventKind::GrantExpired } else { EventKind::GrantUpdated };
            let revoked_at = ended.revoked_at.or(ended.expires_at).or(Some(now));
            let unbound = AppAccess {
                profile: None,
                revoked_at,
                expiry_announced: ended.expiry_announced || is_expiry,
                version: ended.version + 1,
                ..ended.clone()
            };
            self.update_grant(kind, &ended, &unbound).await?;
        }
        Ok(())
    }

    /// Stops all apps, or `apps`: revokes each grant that was not revoked, with the events of the stop and of the grants; returns how many.
    pub async fn stop_grants(&self, apps: Option<&[AppId]>, now: Timestamp) -> Result<i64, Error> {
        let mut values = vec![self.user().as_str().into(), now.utc().into()];
        let of_apps = apps.map_or_else(String::new, |apps| {
            format!(" AND app_id IN ({})", placeholders(&mut values, apps, |app| app.as_str().into()))
        });
        let sql = format!(
            "UPDATE app_access SET revoked_at = $2, version = version + 1
             WHERE user_id = $1 AND revoked_at IS NULL{of_apps} RETURNING *"
        );
        let connection = self.connection();
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
        let rows = connection.query_all_raw(statement).await.map_err(failed)?;
        let mut revoked = Vec::with_capacity(rows.len());
        for row in &rows {
            revoked.push(AppAccess::try_from(Model::from_query_result(row, "").map_err(failed)?)?);
        }
        revoked.sort_unstable_by(|one, other| one.app.cmp(&other.app));
        if revoked.is_empty() {
            return Ok(0);
        }
        if apps.is_none() {
            self.record_of_user(EventKind::Stopped, None, now);
        } else {
            for access in &revoked {
                self.record_of_user(EventKind::Stopped, Some(&access.app), now);
            }
        }
        for access in &revoked {
            self.record(grant_event(EventKind::GrantRevoked, access, now)?);
        }
        Ok(i64::try_from(revoked.len()).unwrap_or(i64::MAX))
    }

    /// Writes a grant that is new.
    pub async fn insert_grant(&self, access: &AppAccess) -> Result<(), Error> {
        let row = Model::from(access).into_active_model();
        Entity::insert(row).exec_without_returning(self.connection()).await.map_err(failed)?;
        let event = grant_event(EventKind::Granted, access, self.raised_at(access.granted_at))?;
        self.record(NewEvent { limit: EventLimit::Enforced, ..event });
        Ok(())
    }

    /// Writes a grant over the version it was changed from, or not at all, and its event.
    pub async fn update_grant(&self, kind: EventKind, before: &AppAccess, after: &AppAccess) -> Result<(), Error> {
        let row: ActiveModel = Model::from(after).into_active_model().reset_all();
        let written = Entity::update_many()
            .set(row)
            .filter(Column::UserId.eq(before.user.as_str()))
            .filter(Column::Id.eq(before.id.0))
            .filter(Column::Version.eq(before.version))
            .exec(self.connection())
            .await
            .map_err(failed)?;
        if written.rows_affected == 1 {
            let is_same_profile = before.profile == after.profile;
            let is_longer = kind == EventKind::GrantUpdated && is_same_profile && ends_later(before, after);
            // Another profile may grant less.
            let limit = if is_longer { EventLimit::Enforced } else { EventLimit::Exempt };
            let event = grant_event(kind, after, self.raised_at(after.granted_at))?;
            self.record(NewEvent { limit, ..event });
            Ok(())
        } else {
            Err(Error::Internal(anyhow!("grant {} changed under its user's lock", before.id)))
        }
    }
}

fn ends_later(before: &AppAccess, after: &AppAccess) -> bool {
    match (before.expires_at, after.expires_at) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(after)) => after > before,
    }
}

/// The condition of [`AppAccess::is_active`] in SQL.
fn is_active(now: Timestamp) -> Condition {
    let lasts = Condition::any().add(Column::ExpiresAt.is_null()).add(Column::ExpiresAt.gt(now.utc()));
    Condition::all().add(Column::RevokedAt.is_null()).add(lasts)
}
