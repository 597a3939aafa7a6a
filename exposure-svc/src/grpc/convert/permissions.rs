//! Tag and schema permissions, both ways.

use ofself_proto::exposure as wire;
use types::{FieldErrors, Id, UniqueVec};

use crate::domain::{SchemaGrant, SchemaPermissions, SchemaVerb, TagGrant, TagPermissions, TagRef, TagVerb};

pub(super) fn tag_permissions(wire: wire::TagPermissions, errors: &mut FieldErrors) -> Option<TagPermissions> {
    let wire::TagPermissions { discover, read, propose, edit, create, delete } = wire;
    let mut grant = |wire: Option<wire::TagGrant>, verb: TagVerb| wire.map(|wire| tag_grant(wire, verb, errors));
    let permissions = TagPermissions {
        discover: grant(discover, TagVerb::Discover),
        read: grant(read, TagVerb::Read),
        propose: grant(propose, TagVerb::Propose),
        edit: grant(edit, TagVerb::Edit),
        create: grant(create, TagVerb::Create),
        delete: grant(delete, TagVerb::Delete),
    };
    (permissions != TagPermissions::default()).then_some(permissions)
}

/// Parses a list of tags.
pub(super) fn tags(tags: Vec<String>, path: &str, errors: &mut FieldErrors) -> UniqueVec<TagRef> {
    UniqueVec::parse(tags, path, |tag| TagRef::parse(&tag), errors)
}

fn tag_grant(wire: wire::TagGrant, verb: TagVerb, errors: &mut FieldErrors) -> TagGrant {
    let wire::TagGrant { tag_ids, allow_all, allow_new } = wire;
    let path = format!("tag_permissions.{}", verb.name());
    if allow_new.is_some() && !verb.takes_new() {
        errors.add(format!("{path}.allow_new"), "is for propose and create only");
    }
    TagGrant {
        tag_ids: tags(tag_ids, &format!("{path}.tag_ids"), errors),
        allow_all: allow_all.unwrap_or(false),
        allow_new,
    }
}

pub(super) fn schema_permissions(wire: wire::SchemaPermissions, errors: &mut FieldErrors) -> Option<SchemaPermissions> {
    let wire::SchemaPermissions { read, write } = wire;
    let mut grant = |wire: Option<wire::SchemaGrant>, verb: SchemaVerb| {
        wire.map(|wire::SchemaGrant { schema_ids, allow_all }| {
            let path = format!("schema_permissions.{}.schema_ids", verb.name());
            SchemaGrant {
                schema_ids: UniqueVec::parse(schema_ids, &path, Id::parse, errors),
                allow_all: allow_all.unwrap_or(false),
            }
        })
    };
    let permissions = SchemaPermissions { read: grant(read, SchemaVerb::Read), write: grant(write, SchemaVerb::Write) };
    (permissions != SchemaPermissions::default()).then_some(permissions)
}

pub(super) fn shown_tag_permissions(permissions: TagPermissions) -> wire::TagPermissions {
    let TagPermissions { discover, read, propose, edit, create, delete } = permissions;
    wire::TagPermissions {
        discover: discover.map(shown_tag_grant),
        read: read.map(shown_tag_grant),
        propose: propose.map(shown_tag_grant),
        edit: edit.map(shown_tag_grant),
        create: create.map(shown_tag_grant),
        delete: delete.map(shown_tag_grant),
    }
}

fn shown_tag_grant(grant: TagGrant) -> wire::TagGrant {
    let TagGrant { tag_ids, allow_all, allow_new } = grant;
    let tag_ids = tag_ids.iter().map(|tag| tag.as_str().to_owned()).collect();
    wire::TagGrant { tag_ids, allow_all: Some(allow_all), allow_new }
}

pub(super) fn shown_schema_permissions(permissions: SchemaPermissions) -> wire::SchemaPermissions {
    let SchemaPermissions { read, write } = permissions;
    let shown = |SchemaGrant { schema_ids, allow_all }| wire::SchemaGrant {
        schema_ids: schema_ids.iter().map(ToString::to_string).collect(),
        allow_all: Some(allow_all),
    };
    wire::SchemaPermissions { read: read.map(shown), write: write.map(shown) }
}
