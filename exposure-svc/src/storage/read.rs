//! Queries on one user's rows that change nothing, outside a change or inside one. Each begins at whose rows it reads, so that
//! scoping cannot be forgotten.

use std::collections::HashMap;

use persistence::{Reader, page};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, Select,
    Statement,
    sea_query::{Expr, ExprTrait, Func},
};
use types::{Page, PageRequest};
use uuid::Uuid;

use super::{
    Store,
    change::{ProfileChange, USERS},
    entity::profile::{Column, Entity, Model},
    failed,
};
use crate::{
    domain::{Profile, ProfileId, ProfileUsage, UserId},
    error::Error,
};

/// Which profiles of a list are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileFilter {
    /// All of them.
    Any,
    /// Those that are active.
    Active,
    /// Those that are not.
    Inactive,
}

/// Reads one user's rows.
pub struct UserReads<'a, C> {
    pub(super) connection: &'a C,
    pub(super) user: &'a UserId,
}

impl<C> UserReads<'_, C> {
    /// Whose rows they are.
    pub fn user(&self) -> &UserId {
        self.user
    }
}

impl Store {
    /// Reads `user`'s rows as they were committed last.
    pub fn of<'a>(&'a self, user: &'a UserId) -> UserReads<'a, Reader> {
        UserReads { connection: self.database.reader(), user }
    }
}

impl ProfileChange {
    /// Reads the user's rows within the change.
    pub fn reads(&self) -> UserReads<'_, DatabaseTransaction> {
        UserReads { connection: self.connection(), user: self.user() }
    }
}

impl<C: ConnectionTrait> UserReads<'_, C> {
    /// The version of the last change; `None`: there was none.
    pub async fn version(&self) -> Result<Option<i64>, Error> {
        USERS.version(self.connection, self.user.as_str()).await.map_err(failed)
    }

    /// A profile.
    pub async fn profile(&self, id: ProfileId) -> Result<Option<Profile>, Error> {
        let row = self.rows().filter(Column::Id.eq(id.0)).one(self.connection).await.map_err(failed)?;
        row.map(Profile::try_from).transpose()
    }

    /// A profile, and the version that the last change of the user made.
    pub async fn profile_with_version(&self, id: ProfileId) -> Result<Option<(Profile, Option<i64>)>, Error> {
        const READ: &str = "
            SELECT profiles.*, (SELECT version FROM users WHERE user_id = $1) AS user_version
            FROM profiles WHERE user_id = $1 AND id = $2";
        let values = [self.user.as_str().into(), id.0.into()];
        let statement = Statement::from_sql_and_values(self.connection.get_database_backend(), READ, values);
        let Some(row) = self.connection.query_one_raw(statement).await.map_err(failed)? else { return Ok(None) };
        let version = row.try_get("", "user_version").map_err(failed)?;
        Ok(Some((Model::from_query_result(&row, "").map_err(failed)?.try_into()?, version)))
    }

    /// The default profile.
    pub async fn default_profile(&self) -> Result<Option<Profile>, Error> {
        let row = self.rows().filter(Column::IsDefault.eq(true)).one(self.connection).await.map_err(failed)?;
        row.map(Profile::try_from).transpose()
    }

    /// Every profile.
    pub async fn every_profile(&self) -> Result<Vec<Profile>, Error> {
        let rows = self.rows().all(self.connection).await.map_err(failed)?;
        rows.into_iter().map(Profile::try_from).collect()
    }

    /// The name of each profile.
    pub async fn profile_names(&self) -> Result<HashMap<ProfileId, String>, Error> {
        let names = self.rows().select_only().column(Column::Id).column(Column::Name).into_tuple::<(Uuid, String)>();
        let names = names.all(self.connection).await.map_err(failed)?;
        Ok(names.into_iter().map(|(id, name)| (ProfileId(id), name)).collect())
    }

    /// A page of profiles, newest first.
    pub async fn profiles(&self, filter: ProfileFilter, request: PageRequest) -> Result<Page<Profile>, Error> {
        let profiles = match filter {
            ProfileFilter::Any => self.rows(),
            ProfileFilter::Active => self.rows().filter(Column::IsActive.eq(true)),
            ProfileFilter::Inactive => self.rows().filter(Column::IsActive.eq(false)),
        };
        let order = (Column::CreatedAt, Column::Id);
        let (rows, total) = page(self.connection, profiles, order, request).await.map_err(failed)?;
        let items = rows.into_iter().map(Profile::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total, request })
    }

    /// How much the user stores.
    pub async fn kept(&self) -> Result<ProfileUsage, Error> {
        let document = Expr::col(Column::Rules).cast_as("text");
        let counted = self
            .rows()
            .select_only()
            .column_as(Column::Id.count(), "profiles")
            .expr_as(Func::sum(Func::char_length(document)), "bytes")
            .into_tuple::<(i64, Option<i64>)>();
        let (profiles, bytes) = counted.one(self.connection).await.map_err(failed)?.unwrap_or_default();
        Ok(ProfileUsage { profiles, bytes: bytes.unwrap_or_default() })
    }

    fn rows(&self) -> Select<Entity> {
        Entity::find().filter(Column::UserId.eq(self.user.as_str()))
    }
}
