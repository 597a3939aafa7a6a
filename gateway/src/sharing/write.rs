//! Shares as clients see them.

use ofself_proto::sharing::{EffectiveTerms, InactiveReason, Share, ShareScope, ShareSource, ShareStatus};
use serde::Serialize;
use utoipa::ToSchema;

use super::schema::{self, Scope, Source, Status};
use crate::{
    answer::{Entity, Paging},
    error::ApiError,
    timestamp,
};

/// A share
#[derive(Serialize, ToSchema)]
#[schema(as = Share, example = json!({
    "id": "0198c0de-0000-7000-8000-000000000001", "owner_id": "alice", "shared_with_user_id": "bob", "scope": "specific_tags",
    "tag_ids": ["holiday"], "node_ids": [], "can_read": true, "can_write": false, "can_delete": false, "can_share": false,
    "expires_at": null, "status": "active", "is_active": true, "source": "direct", "parent_share_id": null,
    "created_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z", "revoked_at": null,
    "shared_by_user_id": "alice", "narrowed": false, "inactive_reason": null, "effective": {
        "scope": "specific_tags", "tag_ids": ["holiday"], "node_ids": [], "can_read": true, "can_write": false,
        "can_delete": false, "can_share": false, "expires_at": null
    }
}))]
#[expect(clippy::struct_excessive_bools, reason = "the contract has them")]
pub(super) struct ShareBody {
    /// A UUID, assigned at creation; `null` in the response to `validate_only`
    #[schema(value_type = Option<String>, required)]
    id: String,
    /// Whose nodes it is about
    owner_id: String,
    /// Who may act on them
    shared_with_user_id: String,
    #[schema(value_type = Scope)]
    scope: &'static str,
    /// Of `specific_tags`: nodes with any of these
    tag_ids: Vec<String>,
    /// Of `specific_nodes`: these nodes; of `graph`: the roots
    node_ids: Vec<String>,
    /// Whether the recipient may read the nodes
    can_read: bool,
    /// Whether the recipient may change them
    can_write: bool,
    /// Whether the recipient may delete them
    can_delete: bool,
    /// Whether the recipient may pass it on
    can_share: bool,
    /// When it ends by itself; `null`: never
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    #[schema(value_type = Status)]
    status: &'static str,
    /// Whether `status` is `active`
    is_active: bool,
    #[schema(value_type = Source)]
    source: &'static str,
    /// The parent share
    #[schema(required)]
    parent_share_id: Option<String>,
    /// When it was created; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<String>,
    /// When it was last changed; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<String>,
    /// When it, or the share above it that makes it revoked, was revoked; `null`: neither was
    #[schema(required, value_type = Option<String>, format = DateTime)]
    revoked_at: Option<String>,
    /// Who created it: the owner, or the person who re-shared it
    shared_by_user_id: String,
    /// What it grants now; `null`: nothing
    #[schema(required)]
    effective: Option<EffectiveBody>,
    /// A share above it takes something away
    narrowed: bool,
    /// Why it grants nothing; `null`: it grants something, or its terms and those of the shares above it have nothing in common
    #[schema(required, value_type = Option<schema::InactiveReason>)]
    inactive_reason: Option<&'static str>,
}

/// What a share grants now: its own terms, less what the shares above it take away
#[derive(Serialize, ToSchema)]
#[schema(as = EffectiveTerms)]
#[expect(clippy::struct_excessive_bools, reason = "the contract has them")]
struct EffectiveBody {
    #[schema(value_type = Scope)]
    scope: &'static str,
    /// Of `specific_tags`: nodes with any of these
    tag_ids: Vec<String>,
    /// Of `specific_nodes`: these nodes; of `graph`: the roots
    node_ids: Vec<String>,
    /// Whether the recipient may read the nodes
    can_read: bool,
    /// Whether the recipient may change them
    can_write: bool,
    /// Whether the recipient may delete them
    can_delete: bool,
    /// Whether the recipient may re-share it
    can_share: bool,
    /// When it, or a share above it, ends by itself; `null`: never
    #[schema(required, value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
}

/// A page of shares
#[derive(Serialize, ToSchema)]
#[schema(as = SharePage, example = json!({
    "shares": [{
        "id": "0198c0de-0000-7000-8000-000000000001", "owner_id": "alice", "shared_with_user_id": "bob", "scope": "all",
        "tag_ids": [], "node_ids": [], "can_read": true, "can_write": false, "can_delete": false, "can_share": false,
        "expires_at": null, "status": "active", "is_active": true, "source": "direct", "parent_share_id": null,
        "created_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z", "revoked_at": null,
        "shared_by_user_id": "alice", "narrowed": false, "inactive_reason": null, "effective": {
            "scope": "all", "tag_ids": [], "node_ids": [], "can_read": true, "can_write": false, "can_delete": false,
            "can_share": false, "expires_at": null
        }
    }],
    "total": 42, "limit": 20, "offset": 0, "has_next": true, "has_prev": false
}))]
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
        shared_by_user_id,
        effective,
        narrowed,
        inactive_reason,
    } = share;
    let scope = self::scope(scope);
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
        expires_at: expires_at.map(timestamp::written),
        status: match status {
            ShareStatus::Unspecified => "unknown",
            ShareStatus::Active => "active",
            ShareStatus::Expired => "expired",
            ShareStatus::Revoked => "revoked",
        },
        is_active: status == ShareStatus::Active,
        source,
        parent_share_id,
        created_at: created_at.map(timestamp::written),
        updated_at: updated_at.map(timestamp::written),
        revoked_at: revoked_at.map(timestamp::written),
        shared_by_user_id,
        effective: effective.map(effective_body),
        narrowed,
        inactive_reason: match InactiveReason::try_from(inactive_reason).unwrap_or_default() {
            InactiveReason::Unspecified => None,
            InactiveReason::Revoked => Some("revoked"),
            InactiveReason::ParentRevoked => Some("parent_revoked"),
            InactiveReason::Expired => Some("expired"),
            InactiveReason::ParentExpired => Some("parent_expired"),
            InactiveReason::ParentCannotReshare => Some("parent_cannot_reshare"),
        },
    }
}

fn effective_body(terms: EffectiveTerms) -> EffectiveBody {
    let EffectiveTerms { scope, tag_ids, node_ids, can_read, can_write, can_delete, can_share, expires_at } = terms;
    EffectiveBody {
        scope: self::scope(scope),
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at: expires_at.map(timestamp::written),
    }
}

fn scope(scope: i32) -> &'static str {
    match ShareScope::try_from(scope).unwrap_or_default() {
        ShareScope::Unspecified => "unknown",
        ShareScope::All => "all",
        ShareScope::SpecificTags => "specific_tags",
        ShareScope::SpecificNodes => "specific_nodes",
        ShareScope::Graph => "graph",
    }
}
