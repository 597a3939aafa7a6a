//! Tag and schema permissions of an app, by verb.

use serde::{Deserialize, Serialize};
use types::{Id, Schema, UniqueVec};

use super::TagRef;

/// A schema by its id, or `__freeform__` for nodes without one: the word is itself of an id's shape.
pub type SchemaRef = Id<Schema>;

/// Tag permissions. A verb that is absent, or grants nothing, is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagPermissions {
    /// See that the tag exists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discover: Option<TagGrant>,
    /// See nodes that have the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<TagGrant>,
    /// Propose changes to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub propose: Option<TagGrant>,
    /// Change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit: Option<TagGrant>,
    /// Create nodes that have the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub create: Option<TagGrant>,
    /// Delete them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<TagGrant>,
}

/// The extent of a verb.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagGrant {
    /// These tags.
    pub tag_ids: UniqueVec<TagRef>,
    /// Every tag.
    pub allow_all: bool,
    /// Tags that do not exist yet; on `propose` and `create` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_new: Option<bool>,
}

/// Schema permissions. A verb that is absent, or grants nothing, is denied.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaPermissions {
    /// See them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub read: Option<SchemaGrant>,
    /// Create and change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<SchemaGrant>,
}

/// The extent of a verb.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SchemaGrant {
    /// These schemas, or `__freeform__`.
    pub schema_ids: UniqueVec<SchemaRef>,
    /// Every schema, and none.
    pub allow_all: bool,
}

/// The verbs of [`TagPermissions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagVerb {
    /// See that the tag exists.
    Discover,
    /// See nodes that have it.
    Read,
    /// Propose changes.
    Propose,
    /// Change nodes.
    Edit,
    /// Create nodes.
    Create,
    /// Delete nodes.
    Delete,
}

/// The verbs of [`SchemaPermissions`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaVerb {
    /// See nodes.
    Read,
    /// Create and change them.
    Write,
}

impl TagVerb {
    /// Every verb, in the order of the profile.
    pub const ALL: [Self; 6] = [Self::Discover, Self::Read, Self::Propose, Self::Edit, Self::Create, Self::Delete];

    /// Its name in requests and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Read => "read",
            Self::Propose => "propose",
            Self::Edit => "edit",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }

    /// Its path in a profile.
    pub fn path(self) -> &'static str {
        match self {
            Self::Discover => "tag_permissions.discover",
            Self::Read => "tag_permissions.read",
            Self::Propose => "tag_permissions.propose",
            Self::Edit => "tag_permissions.edit",
            Self::Create => "tag_permissions.create",
            Self::Delete => "tag_permissions.delete",
        }
    }

    /// Whether it can be granted on tags that do not exist yet.
    pub fn takes_new(self) -> bool {
        matches!(self, Self::Propose | Self::Create)
    }
}

impl SchemaVerb {
    /// Every verb, in the order of the profile.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// Its path in a profile.
    pub fn path(self) -> &'static str {
        match self {
            Self::Read => "schema_permissions.read",
            Self::Write => "schema_permissions.write",
        }
    }

    /// Its name in requests and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

impl TagPermissions {
    /// Every verb on every tag, new ones included.
    pub fn everything() -> Self {
        let all = || Some(TagGrant { allow_all: true, ..TagGrant::default() });
        let all_and_new = || Some(TagGrant { allow_all: true, allow_new: Some(true), ..TagGrant::default() });
        Self { discover: all(), read: all(), propose: all_and_new(), edit: all(), create: all_and_new(), delete: all() }
    }

    /// Every verb, present and denying.
    pub fn nothing() -> Self {
        let none = || Some(TagGrant::default());
        let none_and_new = || Some(TagGrant { allow_new: Some(false), ..TagGrant::default() });
        Self {
            discover: none(),
            read: none(),
            propose: none_and_new(),
            edit: none(),
            create: none_and_new(),
            delete: none(),
        }
    }

    /// The verbs that are set, with their grants.
    pub fn grants(&self) -> impl Iterator<Item = (TagVerb, &TagGrant)> {
        let Self { discover, read, propose, edit, create, delete } = self;
        let verbs = [
            (TagVerb::Discover, discover),
            (TagVerb::Read, read),
            (TagVerb::Propose, propose),
            (TagVerb::Edit, edit),
            (TagVerb::Create, create),
            (TagVerb::Delete, delete),
        ];
        verbs.into_iter().filter_map(|(verb, grant)| Some((verb, grant.as_ref()?)))
    }

    /// The grant of a verb, if it is set.
    pub fn grant(&self, verb: TagVerb) -> Option<&TagGrant> {
        self.grants().find(|(known, _)| *known == verb).map(|(_, grant)| grant)
    }

    /// The same permissions with other tags.
    #[must_use]
    pub fn map(&self, each: &mut impl FnMut(TagVerb, &UniqueVec<TagRef>) -> UniqueVec<TagRef>) -> Self {
        let mut map = |verb, grant: &Option<TagGrant>| {
            grant.as_ref().map(|TagGrant { tag_ids, allow_all, allow_new }| TagGrant {
                tag_ids: each(verb, tag_ids),
                allow_all: *allow_all,
                allow_new: *allow_new,
            })
        };
        let Self { discover, read, propose, edit, create, delete } = self;
        Self {
            discover: map(TagVerb::Discover, discover),
            read: map(TagVerb::Read, read),
            propose: map(TagVerb::Propose, propose),
            edit: map(TagVerb::Edit, edit),
            create: map(TagVerb::Create, create),
            delete: map(TagVerb::Delete, delete),
        }
    }
}

impl SchemaPermissions {
    /// The grant of a verb, if it is set.
    pub fn grant(&self, verb: SchemaVerb) -> Option<&SchemaGrant> {
        match verb {
            SchemaVerb::Read => self.read.as_ref(),
            SchemaVerb::Write => self.write.as_ref(),
        }
    }

    /// Both verbs on every schema.
    pub fn everything() -> Self {
        let all = || Some(SchemaGrant { allow_all: true, ..SchemaGrant::default() });
        Self { read: all(), write: all() }
    }

    /// Both verbs, present and denying.
    pub fn nothing() -> Self {
        Self { read: Some(SchemaGrant::default()), write: Some(SchemaGrant::default()) }
    }
}
