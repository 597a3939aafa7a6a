//! The bodies of requests on shares.

use ofself_proto::sharing::{CreateShareRequest, ShareChanges, ShareScope, UpdateShareRequest};
use types::{FieldErrors, FieldUpdate};

use crate::json::{Fields, Json, Mask, ReadOnly};

/// The members of a share that cannot be changed.
const READ_ONLY: [&str; 14] = [
    "id",
    "owner_id",
    "shared_with_user_id",
    "status",
    "is_active",
    "source",
    "parent_share_id",
    "created_at",
    "updated_at",
    "revoked_at",
    "shared_by_user_id",
    "effective",
    "narrowed",
    "inactive_reason",
];

/// The body of `POST /sharing`.
pub(super) fn create(members: Vec<(String, Json)>, errors: &mut FieldErrors) -> CreateShareRequest {
    let mut fields = Fields::of_body(members, errors);
    let request = CreateShareRequest {
        shared_with_user_id: fields.string("shared_with_user_id").over(None).unwrap_or_default(),
        scope: scope(&mut fields).over(None).unwrap_or_default(),
        tag_ids: fields.strings("tag_ids").over(None).unwrap_or_default(),
        node_ids: fields.strings("node_ids").over(None).unwrap_or_default(),
        can_read: fields.boolean("can_read").over(None),
        can_write: fields.boolean("can_write").over(None),
        can_delete: fields.boolean("can_delete").over(None),
        can_share: fields.boolean("can_share").over(None),
        expires_at: fields.timestamp("expires_at").over(None),
        parent_share_id: fields.string("parent_share_id").over(None),
        validate_only: false,
        dry_run: false,
    };
    fields.finish();
    request
}

/// The body of `PUT /sharing/{share_id}`: what is there is changed, what is null is cleared.
pub(super) fn update(
    share_id: String,
    expected_versions: Vec<i64>,
    members: Vec<(String, Json)>,
    errors: &mut FieldErrors,
) -> (UpdateShareRequest, ReadOnly) {
    let mut fields = Fields::of_body(members, errors);
    let read_only = ReadOnly::take(&mut fields, &READ_ONLY);
    let mut mask = Mask::default();
    let share = ShareChanges {
        scope: mask.name("scope", scope(&mut fields)).unwrap_or_default(),
        tag_ids: mask.name("tag_ids", fields.strings("tag_ids")).unwrap_or_default(),
        node_ids: mask.name("node_ids", fields.strings("node_ids")).unwrap_or_default(),
        can_read: mask.name("can_read", fields.boolean("can_read")),
        can_write: mask.name("can_write", fields.boolean("can_write")),
        can_delete: mask.name("can_delete", fields.boolean("can_delete")),
        can_share: mask.name("can_share", fields.boolean("can_share")),
        expires_at: mask.name("expires_at", fields.timestamp("expires_at")),
    };
    fields.finish();
    let request = UpdateShareRequest {
        share_id,
        share: Some(share),
        update_mask: Some(mask.into_wire()),
        expected_versions,
        validate_only: false,
        dry_run: false,
    };
    (request, read_only)
}

fn scope(fields: &mut Fields<'_>) -> FieldUpdate<i32> {
    fields.word("scope", "must be all, specific_tags, specific_nodes or graph", |word| {
        let scope = match word {
            "all" => ShareScope::All,
            "specific_tags" => ShareScope::SpecificTags,
            "specific_nodes" => ShareScope::SpecificNodes,
            "graph" => ShareScope::Graph,
            _ => return None,
        };
        Some(scope.into())
    })
}

#[cfg(test)]
mod tests {
    use utoipa::PartialSchema;

    use super::*;
    use crate::{
        description::agreement::{self, words},
        sharing::schema::{NewShare, Scope, ShareChange},
    };

    #[test]
    fn what_is_described_is_what_is_read() {
        agreement::holds(&NewShare::schema(), |members, errors| {
            create(members, errors);
        });
        agreement::holds(&ShareChange::schema(), |members, errors| {
            update(String::new(), Vec::new(), members, errors);
        });
    }

    #[test]
    fn the_words_that_are_described_are_those_that_are_read() {
        words(&Scope::schema(), "scope", |members, errors| {
            create(members, errors);
        });
    }
}
