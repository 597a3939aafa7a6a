//! Tag and schema permissions, both ways.

use ofself_proto::exposure::{SchemaGrant, SchemaPermissions, TagGrant, TagPermissions};
use serde_json::{Map, Value, json};
use types::FieldUpdate;

use crate::json::Fields;

pub(super) fn read_tag_permissions(fields: &mut Fields<'_>) -> FieldUpdate<TagPermissions> {
    fields.object("tag_permissions", |verbs| TagPermissions {
        discover: tag_grant(verbs, "discover"),
        read: tag_grant(verbs, "read"),
        propose: tag_grant(verbs, "propose"),
        edit: tag_grant(verbs, "edit"),
        create: tag_grant(verbs, "create"),
        delete: tag_grant(verbs, "delete"),
    })
}

fn tag_grant(verbs: &mut Fields<'_>, verb: &str) -> Option<TagGrant> {
    let grant = verbs.object(verb, |grant| TagGrant {
        tag_ids: grant.strings("tag_ids").over(None).unwrap_or_default(),
        allow_all: grant.boolean("allow_all").over(None),
        allow_new: grant.boolean("allow_new").over(None),
    });
    grant.over(None)
}

pub(super) fn read_schema_permissions(fields: &mut Fields<'_>) -> FieldUpdate<SchemaPermissions> {
    fields.object("schema_permissions", |verbs| SchemaPermissions {
        read: schema_grant(verbs, "read"),
        write: schema_grant(verbs, "write"),
    })
}

fn schema_grant(verbs: &mut Fields<'_>, verb: &str) -> Option<SchemaGrant> {
    let grant = verbs.object(verb, |grant| SchemaGrant {
        schema_ids: grant.strings("schema_ids").over(None).unwrap_or_default(),
        allow_all: grant.boolean("allow_all").over(None),
    });
    grant.over(None)
}

pub(super) fn written_tag_permissions(permissions: TagPermissions) -> Value {
    let TagPermissions { discover, read, propose, edit, create, delete } = permissions;
    let verbs = [
        ("discover", discover),
        ("read", read),
        ("propose", propose),
        ("edit", edit),
        ("create", create),
        ("delete", delete),
    ];
    let granted = verbs.into_iter().filter_map(|(verb, grant)| {
        let TagGrant { tag_ids, allow_all, allow_new } = grant?;
        let allow_all = allow_all.unwrap_or(false);
        let written = match allow_new {
            None => json!({ "tag_ids": tag_ids, "allow_all": allow_all }),
            Some(allow_new) => json!({ "tag_ids": tag_ids, "allow_all": allow_all, "allow_new": allow_new }),
        };
        Some((verb.to_owned(), written))
    });
    Value::Object(granted.collect::<Map<_, _>>())
}

pub(super) fn written_schema_permissions(permissions: SchemaPermissions) -> Value {
    let SchemaPermissions { read, write } = permissions;
    let granted = [("read", read), ("write", write)].into_iter().filter_map(|(verb, grant)| {
        let SchemaGrant { schema_ids, allow_all } = grant?;
        Some((verb.to_owned(), json!({ "schema_ids": schema_ids, "allow_all": allow_all.unwrap_or(false) })))
    });
    Value::Object(granted.collect::<Map<_, _>>())
}
