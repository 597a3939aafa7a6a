//! The `scope` object of the earlier reference, which the published Python client still sends, in today's fields.

use ofself_proto::exposure::{ProfileDraft, TagGrant, TagPermissions};
use serde::Deserialize;
use types::FieldErrors;
use utoipa::ToSchema;

use crate::{
    description::{NodeTypeText, TagText},
    json::{Field, List, Mask},
};

/// The legacy form that earlier clients send; each part replaces another field
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EarlierScope)]
pub(super) struct LegacyScope {
    /// `allowed_node_types`
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    node_types: Field<List<String>>,
    /// `allowed_tag_ids`
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// `excluded_tag_ids`
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    exclude_tag_ids: Field<List<String>>,
    /// `tag_permissions`
    #[schema(value_type = Option<Vec<EarlierPermission>>, max_items = 1000)]
    permissions: Field<List<EarlierPermission>>,
}

#[derive(Clone, Copy, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EarlierPermission {
    Read,
    Write,
    Delete,
}

impl LegacyScope {
    /// The fields that a scope replaces. Beside one of them it could mean two things, so that is reported.
    pub(super) fn validate_alone(beside: [(&str, bool); 4], errors: &mut FieldErrors) {
        let present: Vec<_> = beside.into_iter().filter_map(|(name, is_present)| is_present.then_some(name)).collect();
        if !present.is_empty() {
            errors.add("scope", format!("cannot be combined with {}, which it replaces", present.join(", ")));
        }
    }

    /// Sets the fields of a draft that the scope replaces.
    pub(super) fn apply(self, draft: &mut ProfileDraft, mask: &mut Mask) {
        let Self { node_types, tag_ids, exclude_tag_ids, permissions } = self;
        for (name, list, field) in [
            ("allowed_node_types", node_types, &mut draft.allowed_node_types),
            ("allowed_tag_ids", tag_ids, &mut draft.allowed_tag_ids),
            ("excluded_tag_ids", exclude_tag_ids, &mut draft.excluded_tag_ids),
        ] {
            // Without placeholders: the service reports errors by the name of the other field.
            *field = mask.add(name, list).map(List::valid_items).unwrap_or_default();
        }
        let permissions = mask.add("tag_permissions", permissions).map(List::valid_items);
        draft.tag_permissions = permissions.map(|permissions| tag_permissions(&permissions));
    }
}

/// A list that does not name a verb denies it, so that an empty list grants nothing.
fn tag_permissions(permissions: &[EarlierPermission]) -> TagPermissions {
    let grant = |permission| {
        let allow_all = permissions.contains(&permission);
        Some(TagGrant { tag_ids: Vec::new(), allow_all: Some(allow_all), allow_new: None })
    };
    TagPermissions {
        read: grant(EarlierPermission::Read),
        edit: grant(EarlierPermission::Write),
        create: grant(EarlierPermission::Write),
        delete: grant(EarlierPermission::Delete),
        ..TagPermissions::default()
    }
}
