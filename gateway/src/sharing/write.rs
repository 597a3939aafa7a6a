//! Shares as clients see them.

use ofself_proto::sharing::{Share, ShareScope, ShareSource, ShareStatus};
use serde::Serialize;

use crate::{
    answer::{Entity, Paging},
    error::ApiError,
    moment,
};

/// A share as clients see it.
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the contract has them")]
pub(super) struct ShareBody {
    id: String,
    owner_id: String,
    shared_with_user_id: String,
    scope: &'static str,
    tag_ids: Vec<String>,
    node_ids: Vec<String>,
    can_read: bool,
    can_write: bool,
    can_delete: bool,
    can_share: bool,
    expires_at: Option<String>,
    status: &'static str,
    is_active: bool,
    source: &'static str,
    parent_share_id: Option<String>,
    created_at: Option<String>,
    updated_at: Option<String>,
    revoked_at: Option<String>,
}

/// A page of shares.
#[derive(Serialize)]
pub(super) struct SharesBody {
    pub(super) shares: Vec<ShareBody>,
    #[serde(flatten)]
    pub(super) paging: Paging,
}

/// A share that the service answered, as an entity with its tag.
pub(super) fn entity(share: Option<Share>) -> Result<Entity, ApiError> {
    let share = share.ok_or_else(ApiError::internal)?;
    Entity::new(share.version, &body(share))
}

pub(super) fn body(share: Share) -> ShareBody {
    let Share {
        id,
        owner_id,
        shared_with_user_id,
        scope,
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at,
        status,
        source,
        parent_share_id,
        created_at,
        updated_at,
        revoked_at,
        version: _,
    } = share;
    let scope = match ShareScope::try_from(scope).unwrap_or_default() {
        ShareScope::Unspecified => "unknown",
        ShareScope::All => "all",
        ShareScope::SpecificTags => "specific_tags",
        ShareScope::SpecificNodes => "specific_nodes",
        ShareScope::Graph => "graph",
    };
    let status = ShareStatus::try_from(status).unwrap_or_default();
    let source = match ShareSource::try_from(source).unwrap_or_default() {
        ShareSource::Unspecified => "unknown",
        ShareSource::Direct => "direct",
        ShareSource::Follow => "follow",
        ShareSource::Reshare => "reshare",
    };
    ShareBody {
        id,
        owner_id,
        shared_with_user_id,
        scope,
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at: expires_at.map(moment::written),
        status: match status {
            ShareStatus::Unspecified => "unknown",
            ShareStatus::Active => "active",
            ShareStatus::Expired => "expired",
            ShareStatus::Revoked => "revoked",
        },
        is_active: status == ShareStatus::Active,
        source,
        parent_share_id,
        created_at: created_at.map(moment::written),
        updated_at: updated_at.map(moment::written),
        revoked_at: revoked_at.map(moment::written),
    }
}
