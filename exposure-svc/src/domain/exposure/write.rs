//! The decision on a write of an app (docs/exposure.md, "Check writes")

use super::{CompiledProfile, NodeFacts, TagFacts};
use crate::domain::{Rules, SchemaGrant, TagGrant, TagVerb};

/// The kind of write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteVerb {
    /// Propose a change.
    Propose,
    /// Change a node that is there.
    Edit,
    /// Create a node.
    Create,
    /// Delete a node.
    Delete,
}

/// The decision on a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteDecision {
    /// It may.
    Allowed,
    /// It may not.
    Refused {
        /// Why, for a person to read.
        reason: String,
        /// The tag that denies it.
        tag: Option<String>,
        /// The schema that denies it.
        schema: Option<String>,
    },
}

impl WriteVerb {
    /// The verb of `tag_permissions` that grants it.
    pub fn tag_verb(self) -> TagVerb {
        match self {
            Self::Propose => TagVerb::Propose,
            Self::Edit => TagVerb::Edit,
            Self::Create => TagVerb::Create,
            Self::Delete => TagVerb::Delete,
        }
    }
}

/// Whether a profile lets an app do `verb`, where the node is `before` and would be `after`, both with their tags as the directory
/// knows them; a tag without an id does not exist yet. `described` is the node before as its holder describes it: the names of its tags
/// may be newer than those of the directory, or older, and a write needs a node that is exposed with both.
pub fn check_write(
    rules: &Rules,
    is_active: bool,
    verb: WriteVerb,
    described: Option<&NodeFacts<'_>>,
    before: Option<&NodeFacts<'_>>,
    after: Option<&NodeFacts<'_>>,
) -> WriteDecision {
    if !is_active {
        return refused("the profile is not active");
    }
    if described.is_some() || before.is_some() {
        let compiled = CompiledProfile::new(rules, is_active);
        if !described.into_iter().chain(before).all(|node| compiled.exposes(node)) {
            return refused("the node is not exposed to the app");
        }
    }
    let name = verb.tag_verb().name();
    let grant = rules.stated_tag_permissions().and_then(|permissions| permissions.grant(verb.tag_verb()));
    let Some(grant) = grant.filter(|grant| grants_something(grant)) else {
        return refused(format!("tag_permissions.{name} grants nothing"));
    };
    let nodes = || before.into_iter().chain(after);
    for tag in nodes().flat_map(|node| node.tags) {
        if tag.id.is_empty() {
            // Verbs that cannot be granted on new tags take them with all others.
            let granted = if verb.tag_verb().takes_new() { grant.allow_new == Some(true) } else { grant.allow_all };
            if !granted {
                return refused_tag(tag, format!("tag_permissions.{name} does not allow new tags"));
            }
        } else if !grant.allow_all && !grant.tag_ids.iter().any(|granted| tag.is(granted)) {
            return refused_tag(tag, format!("tag_permissions.{name} does not name the tag `{}`", tag.label()));
        }
    }
    let grant = rules.stated_schema_permissions().and_then(|permissions| permissions.write.as_ref());
    match nodes().find(|node| !grant.is_some_and(|grant| names_schema(grant, node))) {
        None => WriteDecision::Allowed,
        Some(node) => WriteDecision::Refused {
            reason: format!("schema_permissions.write does not name the schema `{}`", node.schema_name()),
            tag: None,
            schema: Some(node.schema_name().to_owned()),
        },
    }
}

fn grants_something(grant: &TagGrant) -> bool {
    grant.allow_all || !grant.tag_ids.is_empty() || grant.allow_new == Some(true)
}

fn names_schema(grant: &SchemaGrant, node: &NodeFacts<'_>) -> bool {
    grant.allow_all || grant.schema_ids.iter().any(|schema| node.follows(schema))
}

fn refused(reason: impl Into<String>) -> WriteDecision {
    WriteDecision::Refused { reason: reason.into(), tag: None, schema: None }
}

fn refused_tag(tag: &TagFacts<'_>, reason: String) -> WriteDecision {
    WriteDecision::Refused { reason, tag: Some(tag.label().to_owned()), schema: None }
}
