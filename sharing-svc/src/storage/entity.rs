//! The table of shares, as SeaORM sees it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "shares")]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags are what a share is")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) owner_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) recipient_id: String,
    pub(super) creator_id: String,
    pub(super) scope: String,
    pub(super) tag_ids: Json,
    pub(super) node_ids: Json,
    /// Equal for two shares that cover the same.
    pub(super) scope_digest: String,
    pub(super) id_count: i64,
    pub(super) id_bytes: i64,
    pub(super) can_read: bool,
    pub(super) can_write: bool,
    pub(super) can_delete: bool,
    pub(super) can_share: bool,
    pub(super) expires_at: Option<ChronoDateTimeUtc>,
    pub(super) source: String,
    pub(super) follow_id: Option<String>,
    pub(super) follow_ended_at: Option<ChronoDateTimeUtc>,
    pub(super) parent_share_id: Option<Uuid>,
    /// The ids of the shares above, from the owner's own down to the parent, in hexadecimal digits without hyphens.
    pub(super) ancestors: Json,
    pub(super) revoked_at: Option<ChronoDateTimeUtc>,
    pub(super) ended_at: Option<ChronoDateTimeUtc>,
    /// It, or a share above it, was revoked permanently.
    pub(super) ended_permanently: bool,
    /// It has ended permanently, and shares directly below it may not be marked yet.
    pub(super) sweep_below: bool,
    pub(super) created_at: ChronoDateTimeUtc,
    pub(super) updated_at: ChronoDateTimeUtc,
    pub(super) version: i64,
    pub(super) created_version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
