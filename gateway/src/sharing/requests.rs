//! The bodies of requests on shares.

use ofself_proto::sharing::{self as wire, CreateShareRequest, ShareChanges, UpdateShareRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    description::IdText,
    json::{Field, List, Mask, ReadOnly},
    timestamp::Rfc3339,
};

/// Which nodes a share covers
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShareScope)]
pub(super) enum Scope {
    All,
    SpecificTags,
    SpecificNodes,
    Graph,
}

impl Scope {
    pub(super) fn from_wire(scope: i32) -> Option<Self> {
        match wire::ShareScope::try_from(scope).unwrap_or_default() {
            wire::ShareScope::Unspecified => None,
            wire::ShareScope::All => Some(Self::All),
            wire::ShareScope::SpecificTags => Some(Self::SpecificTags),
            wire::ShareScope::SpecificNodes => Some(Self::SpecificNodes),
            wire::ShareScope::Graph => Some(Self::Graph),
        }
    }
}

impl From<Scope> for i32 {
    fn from(scope: Scope) -> Self {
        match scope {
            Scope::All => wire::ShareScope::All,
            Scope::SpecificTags => wire::ShareScope::SpecificTags,
            Scope::SpecificNodes => wire::ShareScope::SpecificNodes,
            Scope::Graph => wire::ShareScope::Graph,
        }
        .into()
    }
}

/// A share to create. `null` is the same as absent.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "shared_with_user_id": "user-uuid", "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"],
    "can_read": true, "can_write": false, "can_delete": false, "can_share": false, "expires_at": "2126-12-31T00:00:00Z"
}))]
pub(super) struct NewShare {
    /// The person to share with; not the caller
    #[schema(value_type = IdText)]
    shared_with_user_id: Field<String>,
    #[schema(value_type = Scope)]
    scope: Field<Scope>,
    /// Required when `scope` is `specific_tags`, rejected otherwise
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// Required when `scope` is `specific_nodes` or `graph`, rejected otherwise
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    node_ids: Field<List<String>>,
    /// Whether the recipient may read the nodes; `true` if absent
    #[schema(value_type = Option<bool>)]
    can_read: Field<bool>,
    /// Whether the recipient may change the nodes
    #[schema(value_type = Option<bool>)]
    can_write: Field<bool>,
    /// Whether the recipient may delete the nodes
    #[schema(value_type = Option<bool>)]
    can_delete: Field<bool>,
    /// Whether the recipient may re-share the nodes
    #[schema(value_type = Option<bool>)]
    can_share: Field<bool>,
    /// When the share expires: in the future, with its offset from UTC. If absent: never; for a re-share, when its parent expires
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<Rfc3339>,
    /// The share that is re-shared
    #[schema(value_type = Option<String>, format = "uuid")]
    parent_share_id: Field<String>,
}

impl NewShare {
    pub(super) fn into_message(self) -> CreateShareRequest {
        CreateShareRequest {
            shared_with_user_id: self.shared_with_user_id.into_option().unwrap_or_default(),
            scope: self.scope.into_option().map(i32::from).unwrap_or_default(),
            tag_ids: self.tag_ids.into_option().map(Vec::from).unwrap_or_default(),
            node_ids: self.node_ids.into_option().map(Vec::from).unwrap_or_default(),
            can_read: self.can_read.into_option(),
            can_write: self.can_write.into_option(),
            can_delete: self.can_delete.into_option(),
            can_share: self.can_share.into_option(),
            expires_at: self.expires_at.into_option().map(Into::into),
            parent_share_id: self.parent_share_id.into_option(),
            validate_only: false,
            dry_run: false,
        }
    }
}

/// Changes to a share. Absent members stay unchanged. Read-only members are accepted when equal to the current value, so that
/// the response to a GET can be sent back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "scope": "specific_tags", "tag_ids": ["tag-uuid-1", "tag-uuid-2"], "can_read": true, "can_write": true,
    "expires_at": "2127-01-01T00:00:00Z"
}))]
pub(super) struct ShareChange {
    #[schema(value_type = Option<Scope>, nullable = false)]
    scope: Field<Scope>,
    /// Required when `scope` becomes `specific_tags`, rejected with another scope
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// Required when `scope` becomes `specific_nodes` or `graph`, rejected with another scope
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    node_ids: Field<List<String>>,
    /// Whether the recipient may read the nodes
    #[schema(value_type = Option<bool>, nullable = false)]
    can_read: Field<bool>,
    /// Whether the recipient may change the nodes
    #[schema(value_type = Option<bool>, nullable = false)]
    can_write: Field<bool>,
    /// Whether the recipient may delete the nodes
    #[schema(value_type = Option<bool>, nullable = false)]
    can_delete: Field<bool>,
    /// Whether the recipient may re-share the nodes
    #[schema(value_type = Option<bool>, nullable = false)]
    can_share: Field<bool>,
    /// `null`: never
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Field<Rfc3339>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    owner_id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    shared_with_user_id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    status: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    is_active: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    source: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    parent_share_id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    created_at: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    updated_at: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    revoked_at: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    shared_by_user_id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    effective: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    narrowed: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    inactive_reason: Field<Value>,
}

impl ShareChange {
    /// The update: present members are changed, `null` clears.
    pub(super) fn into_message(self, share_id: String, expected_versions: Vec<i64>) -> (UpdateShareRequest, ReadOnly) {
        let mut mask = Mask::default();
        let share = ShareChanges {
            scope: mask.add_or_default("scope", self.scope),
            tag_ids: mask.add_or_default("tag_ids", self.tag_ids),
            node_ids: mask.add_or_default("node_ids", self.node_ids),
            can_read: mask.add("can_read", self.can_read),
            can_write: mask.add("can_write", self.can_write),
            can_delete: mask.add("can_delete", self.can_delete),
            can_share: mask.add("can_share", self.can_share),
            expires_at: mask.add("expires_at", self.expires_at).map(Into::into),
        };
        let request = UpdateShareRequest {
            share_id,
            share: Some(share),
            update_mask: Some(mask.into()),
            expected_versions,
            validate_only: false,
            dry_run: false,
        };
        let read_only = ReadOnly::new([
            ("id", self.id),
            ("owner_id", self.owner_id),
            ("shared_with_user_id", self.shared_with_user_id),
            ("status", self.status),
            ("is_active", self.is_active),
            ("source", self.source),
            ("parent_share_id", self.parent_share_id),
            ("created_at", self.created_at),
            ("updated_at", self.updated_at),
            ("revoked_at", self.revoked_at),
            ("shared_by_user_id", self.shared_by_user_id),
            ("effective", self.effective),
            ("narrowed", self.narrowed),
            ("inactive_reason", self.inactive_reason),
        ]);
        (request, read_only)
    }
}
