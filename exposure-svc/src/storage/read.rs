//! Queries on profiles that change nothing. Each begins at whose profiles it reads, so that scoping cannot be forgotten.

use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, ExprTrait, Func},
};
use service_kit::database::page;
use vocabulary::{Page, PageRequest};

use super::{
    Store,
    entity::profile::{Column, Entity},
    failed,
};
use crate::{
    domain::{Kept, Profile, ProfileId, UserId},
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

impl Store {
    /// A profile of `owner`.
    pub async fn profile_of(&self, owner: &UserId, id: ProfileId) -> Result<Option<Profile>, Error> {
        profile_of(self.database.reader(), owner, id).await
    }

    /// The default profile of `owner`.
    pub async fn default_profile_of(&self, owner: &UserId) -> Result<Option<Profile>, Error> {
        default_profile_of(self.database.reader(), owner).await
    }

    /// The profiles of `owner`, newest first.
    pub async fn profiles_of(
        &self,
        owner: &UserId,
        filter: ProfileFilter,
        request: PageRequest,
    ) -> Result<Page<Profile>, Error> {
        let profiles = match filter {
            ProfileFilter::Any => owned_by(owner),
            ProfileFilter::Active => owned_by(owner).filter(Column::IsActive.eq(true)),
            ProfileFilter::Inactive => owned_by(owner).filter(Column::IsActive.eq(false)),
        };
        let order = (Column::CreatedAt, Column::Id);
        let (rows, total) = page(self.database.reader(), profiles, order, request).await.map_err(failed)?;
        let items = rows.into_iter().map(Profile::try_from).collect::<Result<_, _>>()?;
        Ok(Page { items, total, request })
    }
}

pub(super) async fn profile_of(
    connection: &impl ConnectionTrait,
    owner: &UserId,
    id: ProfileId,
) -> Result<Option<Profile>, Error> {
    let row = owned_by(owner).filter(Column::Id.eq(id.0)).one(connection).await.map_err(failed)?;
    row.map(Profile::try_from).transpose()
}

pub(super) async fn default_profile_of(
    connection: &impl ConnectionTrait,
    owner: &UserId,
) -> Result<Option<Profile>, Error> {
    let row = owned_by(owner).filter(Column::IsDefault.eq(true)).one(connection).await.map_err(failed)?;
    row.map(Profile::try_from).transpose()
}

/// Every profile of `owner`.
pub(super) async fn every_profile_of(connection: &impl ConnectionTrait, owner: &UserId) -> Result<Vec<Profile>, Error> {
    let rows = owned_by(owner).all(connection).await.map_err(failed)?;
    rows.into_iter().map(Profile::try_from).collect()
}

/// What `owner` keeps.
pub(super) async fn kept_by(connection: &impl ConnectionTrait, owner: &UserId) -> Result<Kept, Error> {
    let document = Expr::col(Column::Rules).cast_as("text");
    let counted = owned_by(owner)
        .select_only()
        .column_as(Column::Id.count(), "profiles")
        .expr_as(Func::sum(Func::char_length(document)), "bytes")
        .into_tuple::<(i64, Option<i64>)>();
    let (profiles, bytes) = counted.one(connection).await.map_err(failed)?.unwrap_or_default();
    Ok(Kept { profiles, bytes: bytes.unwrap_or_default() })
}

fn owned_by(owner: &UserId) -> Select<Entity> {
    Entity::find().filter(Column::OwnerId.eq(owner.as_str()))
}
