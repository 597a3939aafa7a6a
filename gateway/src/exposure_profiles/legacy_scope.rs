//! The `scope` object of the earlier reference, which the published Python client still sends, in today's fields.

use ofself_proto::exposure::{ProfileDraft, TagGrant, TagPermissions};
use types::{FieldErrors, FieldUpdate};

use crate::json::{Fields, Mask};

/// The fields that `scope` stands for; beside one of them it could mean two things.
pub(super) const STANDS_FOR: [&str; 4] =
    ["allowed_node_types", "allowed_tag_ids", "excluded_tag_ids", "tag_permissions"];

/// What a `scope` says; a part that is absent says nothing.
struct EarlierScope {
    node_types: FieldUpdate<Vec<String>>,
    tag_ids: FieldUpdate<Vec<String>>,
    exclude_tag_ids: FieldUpdate<Vec<String>>,
    permissions: FieldUpdate<Vec<String>>,
}

/// Reads the member `scope`, if it is there, into the fields of `draft` that it stands for.
pub(super) fn read(fields: &mut Fields<'_>, draft: &mut ProfileDraft, mask: &mut Mask) {
    fields.ignore_null("scope");
    if !fields.has("scope") {
        return;
    }
    let beside: Vec<_> = STANDS_FOR.into_iter().filter(|name| fields.has(name)).collect();
    if !beside.is_empty() {
        fields.wrong("scope", format!("cannot stand beside {}, for which it stands", beside.join(", ")));
    }
    let scope = fields.object("scope", |scope| EarlierScope {
        node_types: scope.strings("node_types"),
        tag_ids: scope.strings("tag_ids"),
        exclude_tag_ids: scope.strings("exclude_tag_ids"),
        permissions: scope.strings("permissions"),
    });
    let FieldUpdate::Set(scope) = scope else { return };
    let EarlierScope { node_types, tag_ids, exclude_tag_ids, permissions } = scope;
    for (field, list, into) in [
        ("allowed_node_types", node_types, &mut draft.allowed_node_types),
        ("allowed_tag_ids", tag_ids, &mut draft.allowed_tag_ids),
        ("excluded_tag_ids", exclude_tag_ids, &mut draft.excluded_tag_ids),
    ] {
        if let Some(list) = mask.name(field, list) {
            *into = list;
        }
    }
    if let Some(permissions) = mask.name("tag_permissions", permissions) {
        draft.tag_permissions = Some(tag_permissions(&permissions, fields.errors()));
    }
}

/// A list that does not name a verb denies it, so that an empty list grants nothing.
fn tag_permissions(permissions: &[String], errors: &mut FieldErrors) -> TagPermissions {
    for (index, permission) in permissions.iter().enumerate() {
        if !["read", "write", "delete"].contains(&permission.as_str()) {
            errors.add(format!("scope.permissions[{index}]"), "must be read, write or delete");
        }
    }
    let grant = |permission: &str| {
        let allow_all = permissions.iter().any(|granted| granted == permission);
        Some(TagGrant { tag_ids: Vec::new(), allow_all: Some(allow_all), allow_new: None })
    };
    TagPermissions {
        read: grant("read"),
        edit: grant("write"),
        create: grant("write"),
        delete: grant("delete"),
        ..TagPermissions::default()
    }
}
