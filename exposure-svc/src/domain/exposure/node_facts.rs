//! A node as described by the service that holds it.

use std::borrow::Cow;

use types::Timestamp;

use crate::domain::{SchemaRef, TagId, TagRef, normalized_name};

/// The schema id of nodes without a schema.
pub const FREEFORM: &str = "__freeform__";

/// A node as described by the service that holds it, borrowed from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its type.
    pub node_type: &'a str,
    /// Its tags.
    pub tags: &'a [TagFacts<'a>],
    /// Its schema, if there is one.
    pub schema: Option<&'a str>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A tag of a node; the id or the name may be empty if it is unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name, [normalized](normalized_name).
    pub name: Cow<'a, str>,
}

impl<'a> TagFacts<'a> {
    /// A tag as the holder of a node describes it.
    #[inline]
    pub fn new(id: &'a str, name: &'a str) -> Self {
        Self { id, name: normalized_name(name) }
    }

    /// Whether `reference` names it.
    pub fn is(&self, reference: &TagRef) -> bool {
        match reference {
            TagRef::Id { id } => self.id == id.as_str(),
            TagRef::Text(text) => self.id == text.as_str() || self.name == text.as_str(),
        }
    }

    /// Its display name.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.id } else { &self.name }
    }
}

impl NodeFacts<'_> {
    /// Whether one of its tags is named by `reference`.
    pub fn has(&self, reference: &TagRef) -> bool {
        self.tags.iter().any(|tag| tag.is(reference))
    }

    /// Whether it has the tag of this id.
    pub fn has_id(&self, id: &TagId) -> bool {
        self.tags.iter().any(|tag| tag.id == id.as_str())
    }

    /// Its schema as a profile names it.
    pub fn schema_name(&self) -> &str {
        self.schema.unwrap_or(FREEFORM)
    }

    /// Whether `schema` names its schema, or the lack of one.
    pub fn follows(&self, schema: &SchemaRef) -> bool {
        self.schema_name() == schema.as_str()
    }
}
