//! Shares as clients see them.

use ofself_proto::sharing::{self as wire, EffectiveTerms, Share};
use serde::Serialize;
use utoipa::ToSchema;

use super::requests::Scope;
use crate::{
    answer::{Entity, Paging},
    error::ApiError,
    timestamp,
};

/// The status of a share
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareStatus)]
enum Status {
    Active,
    Expired,
    Revoked,
}

/// How a share came to be
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareSource)]
enum Source {
    Direct,
    Follow,
    Reshare,
}

/// Why a share grants nothing: the first that applies
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum InactiveReason {
    Revoked,
    ParentRevoked,
    Expired,
    ParentExpired,
    ParentCannotReshare,
}

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
pub(crate) struct ShareBody {
    /// A UUID, assigned at creation; `null` in the response to `validate_only`
    #[schema(value_type = Option<String>, required)]
    id: String,
    /// The owner of the nodes
    owner_id: String,
    /// The recipient
    shared_with_user_id: String,
    #[schema(value_type = Scope)]
    scope: Option<Scope>,
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
    status: Option<Status>,
    /// Whether `status` is `active`
    is_active: bool,
    #[schema(value_type = Source)]
    source: Option<Source>,
    /// The parent share
    #[schema(required)]
    parent_share_id: Option<String>,
    /// When it was created; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<String>,
    /// When it was last changed; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<String>,
    /// When it, or the share above it that makes it revoked, was revoked; `null`: never
    #[schema(required, value_type = Option<String>, format = DateTime)]
    revoked_at: Option<String>,
    /// The creator: the owner, or the person who re-shared it
    shared_by_user_id: String,
    /// What it grants now; `null`: nothing
    #[schema(required)]
    effective: Option<EffectiveBody>,
    /// A share above it takes something away
    narrowed: bool,
    /// Why it grants nothing; `null`: it grants something, or its terms and those of the shares above it have nothing in common
    #[schema(required, value_type = Option<InactiveReason>)]
    inactive_reason: Option<InactiveReason>,
}

/// What a share grants now: its own terms, less what the shares above it take away
#[derive(Serialize, ToSchema)]
#[schema(as = EffectiveTerms)]
#[expect(clippy::struct_excessive_bools, reason = "the contract has them")]
struct EffectiveBody {
    #[schema(value_type = Scope)]
    scope: Option<Scope>,
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

/// A share of the service as an entity with its tag.
pub(super) fn entity(share: Option<Share>) -> Result<Entity, ApiError> {
    let share = share.ok_or_else(ApiError::internal)?;
    Entity::new(share.version, &body(share))
}

pub(crate) fn body(share: Share) -> ShareBody {
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
    let status = wire::ShareStatus::try_from(status).unwrap_or_default();
    ShareBody {
        id,
        owner_id,
        shared_with_user_id,
        scope: Scope::from_wire(scope),
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at: expires_at.map(timestamp::written),
        status: match status {
            wire::ShareStatus::Unspecified => None,
            wire::ShareStatus::Active => Some(Status::Active),
            wire::ShareStatus::Expired => Some(Status::Expired),
            wire::ShareStatus::Revoked => Some(Status::Revoked),
        },
        is_active: status == wire::ShareStatus::Active,
        source: match wire::ShareSource::try_from(source).unwrap_or_default() {
            wire::ShareSource::Unspecified => None,
            wire::ShareSource::Direct => Some(Source::Direct),
            wire::ShareSource::Follow => Some(Source::Follow),
            wire::ShareSource::Reshare => Some(Source::Reshare),
        },
        parent_share_id,
        created_at: created_at.map(timestamp::written),
        updated_at: updated_at.map(timestamp::written),
        revoked_at: revoked_at.map(timestamp::written),
        shared_by_user_id,
        effective: effective.map(effective_body),
        narrowed,
        inactive_reason: match wire::InactiveReason::try_from(inactive_reason).unwrap_or_default() {
            wire::InactiveReason::Unspecified => None,
            wire::InactiveReason::Revoked => Some(InactiveReason::Revoked),
            wire::InactiveReason::ParentRevoked => Some(InactiveReason::ParentRevoked),
            wire::InactiveReason::Expired => Some(InactiveReason::Expired),
            wire::InactiveReason::ParentExpired => Some(InactiveReason::ParentExpired),
            wire::InactiveReason::ParentCannotReshare => Some(InactiveReason::ParentCannotReshare),
        },
    }
}

fn effective_body(terms: EffectiveTerms) -> EffectiveBody {
    let EffectiveTerms { scope, tag_ids, node_ids, can_read, can_write, can_delete, can_share, expires_at } = terms;
    EffectiveBody {
        scope: Scope::from_wire(scope),
        tag_ids,
        node_ids,
        can_read,
        can_write,
        can_delete,
        can_share,
        expires_at: expires_at.map(timestamp::written),
    }
}
