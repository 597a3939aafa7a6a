//! The table of shares, as SeaORM sees it.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// As JSON it is the row of an event. What is empty, or follows from other columns, is left out: most rows shrink to a third.
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
    #[serde(default = "no_ids", skip_serializing_if = "is_empty")]
    pub(super) tag_ids: Json,
    #[serde(default = "no_ids", skip_serializing_if = "is_empty")]
    pub(super) node_ids: Json,
    /// Equal for two shares that cover the same.
    #[serde(skip)]
    pub(super) scope_digest: String,
    #[serde(skip)]
    pub(super) id_count: i64,
    #[serde(skip)]
    pub(super) id_bytes: i64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) can_read: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) can_write: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) can_delete: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) can_share: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) expires_at: Option<ChronoDateTimeUtc>,
    pub(super) source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) follow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) follow_ended_at: Option<ChronoDateTimeUtc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) parent_share_id: Option<Uuid>,
    /// The ids of the shares above, from the owner's own down to the parent, in hexadecimal digits without hyphens.
    #[serde(default = "no_ids", skip_serializing_if = "is_empty")]
    pub(super) ancestors: Json,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) revoked_at: Option<ChronoDateTimeUtc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended_at: Option<ChronoDateTimeUtc>,
    /// It, or a share above it, was revoked permanently.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) ended_permanently: bool,
    /// It has ended permanently, and shares directly below it may not be marked yet.
    #[serde(skip)]
    pub(super) sweep_below: bool,
    pub(super) created_at: ChronoDateTimeUtc,
    pub(super) updated_at: ChronoDateTimeUtc,
    pub(super) version: i64,
    pub(super) created_version: i64,
}

fn no_ids() -> Json {
    Json::Array(Vec::new())
}

fn is_empty(ids: &Json) -> bool {
    ids.as_array().is_some_and(Vec::is_empty)
}

#[derive(Clone, Copy, Debug, EnumIter, DeriveRelation)]
pub(super) enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
