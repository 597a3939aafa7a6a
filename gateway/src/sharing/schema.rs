//! Shares, as the description of the API shows them. Bodies are read member by member (`read.rs`), so that every wrong one is
//! found; tests hold the two together.

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::description::IdText;

/// Which nodes a share covers
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareScope)]
pub(super) enum Scope {
    All,
    SpecificTags,
    SpecificNodes,
    Graph,
}

/// Where a share stands
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareStatus)]
pub(super) enum Status {
    Active,
    Expired,
    Revoked,
}

/// How a share came to be
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareSource)]
pub(super) enum Source {
    Direct,
    Follow,
    Reshare,
}

/// Why a share grants nothing: the first that applies
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum InactiveReason {
    Revoked,
    ParentRevoked,
    Expired,
    ParentExpired,
    ParentCannotReshare,
}

/// A share to make. `null` is the same as absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "shared_with_user_id": "user-uuid", "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"],
    "can_read": true, "can_write": false, "can_delete": false, "can_share": false, "expires_at": "2126-12-31T00:00:00Z"
}))]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct NewShare {
    /// The person to share with; not the caller
    #[schema(value_type = IdText)]
    shared_with_user_id: String,
    scope: Scope,
    /// Required when `scope` is `specific_tags`, refused otherwise
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    tag_ids: Option<Vec<String>>,
    /// Required when `scope` is `specific_nodes` or `graph`, refused otherwise
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    node_ids: Option<Vec<String>>,
    /// True where absent
    can_read: Option<bool>,
    /// Whether the recipient may change them
    can_write: Option<bool>,
    /// Whether the recipient may delete them
    can_delete: Option<bool>,
    /// Whether the recipient may pass it on
    can_share: Option<bool>,
    /// When it ends, still ahead, with its offset from UTC; absent: never, and of a re-share when its parent ends
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// The share that is re-shared
    #[schema(format = "uuid")]
    parent_share_id: Option<String>,
}

/// What to change of a share. What is absent stays as it is. Read-only members are accepted when equal to the current value, so that
/// the response to a GET can be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"], "can_read": true, "can_write": true,
    "expires_at": "2127-01-01T00:00:00Z"
}))]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ShareChange {
    #[schema(nullable = false)]
    scope: Option<Scope>,
    /// Needed when `scope` becomes `specific_tags`, refused with another
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    tag_ids: Option<Vec<String>>,
    /// Needed when `scope` becomes `specific_nodes` or `graph`, refused with another
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    node_ids: Option<Vec<String>>,
    /// Whether the recipient may read the nodes
    #[schema(nullable = false)]
    can_read: Option<bool>,
    /// Whether the recipient may change them
    #[schema(nullable = false)]
    can_write: Option<bool>,
    /// Whether the recipient may delete them
    #[schema(nullable = false)]
    can_delete: Option<bool>,
    /// Whether the recipient may pass it on
    #[schema(nullable = false)]
    can_share: Option<bool>,
    /// `null`: never
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<String>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    owner_id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    shared_with_user_id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    status: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    is_active: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    source: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    parent_share_id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    created_at: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    updated_at: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    revoked_at: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    shared_by_user_id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    effective: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    narrowed: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    inactive_reason: Option<Value>,
}

/// The share that a path names
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ShareIdParam {
    /// The id of a share; one that is no UUID is not found
    #[param(example = "0198c0de-0000-7000-8000-000000000001")]
    share_id: String,
}
