//! The table of shares, as SeaORM sees it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "shares")]
#[expect(clippy::struct_excessive_bools, reason = "four independent flags are what a share is")]
pub(super) struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub(super) id: Uuid,
    pub(super) owner_id: String,
    pub(super) recipient_id: String,
    pub(super) maker_id: String,
    pub(super) scope: String,
    pub(super) tag_ids: Json,
    pub(super) node_ids: Json,
    /// Equal for two shares that cover the same.
    pub(super) scope_digest: String,
    pub(super) can_read: bool,
    pub(super) can_write: bool,
    pub(super) can_delete: bool,
    pub(super) can_share: bool,
    pub(super) expires_at: Option<ChronoDateTimeUtc>,
    pub(super) effective_until: Option<ChronoDateTimeUtc>,
    pub(super) source: String,
    pub(super) follow_id: Option<String>,
    pub(super) parent_share_id: Option<Uuid>,
    pub(super) depth: i16,
    pub(super) revoked_at: Option<ChronoDateTimeUtc>,
    pub(super) created_at: ChronoDateTimeUtc,
    pub(super) updated_at: ChronoDateTimeUtc,
    pub(super) version: i64,
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
