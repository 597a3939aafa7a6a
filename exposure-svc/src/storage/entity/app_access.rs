//! The table of access grants.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "app_access")]
pub(crate) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) user_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(crate) id: Uuid,
    pub(crate) app_id: String,
    pub(crate) tier: String,
    /// Empty when the grant has ended and its profile was deleted.
    pub(crate) profile_id: Option<Uuid>,
    pub(crate) granted_at: ChronoDateTimeUtc,
    pub(crate) expires_at: Option<ChronoDateTimeUtc>,
    pub(crate) revoked_at: Option<ChronoDateTimeUtc>,
    /// Upkeep has announced that it expired.
    pub(crate) expiry_announced: bool,
    pub(crate) version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(crate) enum Relation {
    #[sea_orm(
        belongs_to = "super::profile::Entity",
        from = "(Column::UserId, Column::ProfileId)",
        to = "(super::profile::Column::UserId, super::profile::Column::Id)"
    )]
    Profile,
}

impl Related<super::profile::Entity> for Entity {
    fn to() -> RelationDef {
        Relation::Profile.def()
    }
}

impl ActiveModelBehavior for ActiveModel {}
