//! Tag and schema permissions, both ways.

use ofself_proto::exposure as wire;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::{
    description::{IdText, TagText},
    json::{Field, List},
};

/// What an app may do to nodes, by their tags; an absent verb is denied
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagPermissions {
    #[schema(value_type = Option<TagGrant>)]
    discover: Field<TagGrant>,
    #[schema(value_type = Option<TagGrant>)]
    read: Field<TagGrant>,
    #[schema(value_type = Option<NewTagGrant>)]
    propose: Field<NewTagGrant>,
    #[schema(value_type = Option<TagGrant>)]
    edit: Field<TagGrant>,
    #[schema(value_type = Option<NewTagGrant>)]
    create: Field<NewTagGrant>,
    #[schema(value_type = Option<TagGrant>)]
    delete: Field<TagGrant>,
}

/// The tags that a verb is granted on
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagGrant {
    /// On these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// On every tag
    #[schema(value_type = Option<bool>)]
    allow_all: Field<bool>,
}

/// The tags that a verb is granted on, new ones among them
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewTagGrant {
    /// On these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Field<List<String>>,
    /// On every tag
    #[schema(value_type = Option<bool>)]
    allow_all: Field<bool>,
    /// On tags that do not exist yet
    #[schema(value_type = Option<bool>)]
    allow_new: Field<bool>,
}

/// What an app may do to nodes, by their schemas
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SchemaPermissions {
    #[schema(value_type = Option<SchemaGrant>)]
    read: Field<SchemaGrant>,
    #[schema(value_type = Option<SchemaGrant>)]
    write: Field<SchemaGrant>,
}

/// The schemas that a verb is granted on
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SchemaGrant {
    /// On these schemas; `__freeform__`: on nodes without one
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    schema_ids: Field<List<String>>,
    /// On every schema
    #[schema(value_type = Option<bool>)]
    allow_all: Field<bool>,
}

impl From<TagPermissions> for wire::TagPermissions {
    fn from(permissions: TagPermissions) -> Self {
        let TagPermissions { discover, read, propose, edit, create, delete } = permissions;
        Self {
            discover: discover.into_option().map(Into::into),
            read: read.into_option().map(Into::into),
            propose: propose.into_option().map(Into::into),
            edit: edit.into_option().map(Into::into),
            create: create.into_option().map(Into::into),
            delete: delete.into_option().map(Into::into),
        }
    }
}

impl From<TagGrant> for wire::TagGrant {
    fn from(TagGrant { tag_ids, allow_all }: TagGrant) -> Self {
        NewTagGrant { tag_ids, allow_all, allow_new: Field::Absent }.into()
    }
}

impl From<NewTagGrant> for wire::TagGrant {
    fn from(NewTagGrant { tag_ids, allow_all, allow_new }: NewTagGrant) -> Self {
        Self {
            tag_ids: tag_ids.into_option().map(Vec::from).unwrap_or_default(),
            allow_all: allow_all.into_option(),
            allow_new: allow_new.into_option(),
        }
    }
}

impl From<SchemaPermissions> for wire::SchemaPermissions {
    fn from(SchemaPermissions { read, write }: SchemaPermissions) -> Self {
        Self { read: read.into_option().map(Into::into), write: write.into_option().map(Into::into) }
    }
}

impl From<SchemaGrant> for wire::SchemaGrant {
    fn from(SchemaGrant { schema_ids, allow_all }: SchemaGrant) -> Self {
        let schema_ids = schema_ids.into_option().map(Vec::from).unwrap_or_default();
        Self { schema_ids, allow_all: allow_all.into_option() }
    }
}

pub(super) fn tag_permissions_json(permissions: wire::TagPermissions) -> Value {
    let wire::TagPermissions { discover, read, propose, edit, create, delete } = permissions;
    let verbs = [
        ("discover", discover),
        ("read", read),
        ("propose", propose),
        ("edit", edit),
        ("create", create),
        ("delete", delete),
    ];
    let granted = verbs.into_iter().filter_map(|(verb, grant)| {
        let wire::TagGrant { tag_ids, allow_all, allow_new } = grant?;
        let allow_all = allow_all.unwrap_or(false);
        let grant = match allow_new {
            None => json!({ "tag_ids": tag_ids, "allow_all": allow_all }),
            Some(allow_new) => json!({ "tag_ids": tag_ids, "allow_all": allow_all, "allow_new": allow_new }),
        };
        Some((verb.to_owned(), grant))
    });
    Value::Object(granted.collect::<Map<_, _>>())
}

pub(super) fn schema_permissions_json(permissions: wire::SchemaPermissions) -> Value {
    let wire::SchemaPermissions { read, write } = permissions;
    let granted = [("read", read), ("write", write)].into_iter().filter_map(|(verb, grant)| {
        let wire::SchemaGrant { schema_ids, allow_all } = grant?;
        Some((verb.to_owned(), json!({ "schema_ids": schema_ids, "allow_all": allow_all.unwrap_or(false) })))
    });
    Value::Object(granted.collect::<Map<_, _>>())
}
