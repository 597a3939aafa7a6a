//! A node as the service that holds it describes it.

use vocabulary::Instant;

use crate::domain::{SchemaRef, TagRef};

/// What stands in a profile for nodes without a schema.
pub(super) const FREEFORM: &str = "__freeform__";

/// A node as the service that holds it describes it, borrowed from the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its type.
    pub node_type: &'a str,
    /// Its tags.
    pub tags: &'a [TagFacts<'a>],
    /// Its schema; `None`: it has none.
    pub schema: Option<&'a str>,
    /// When it was made.
    pub created_at: Instant,
}

/// A tag of a node; either part may be empty where it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
}

impl TagFacts<'_> {
    /// Whether `reference` names it, by id or by name.
    pub fn is(&self, reference: &TagRef) -> bool {
        self.id == reference.as_str() || self.name == reference.as_str()
    }

    /// What a person would call it.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { self.id } else { self.name }
    }
}

impl NodeFacts<'_> {
    /// Whether one of its tags is named by `reference`.
    pub fn has(&self, reference: &TagRef) -> bool {
        self.tags.iter().any(|tag| tag.is(reference))
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
