//! A node that shows what a warning means.

use std::{fmt::Write as _, time::Duration};

use vocabulary::Instant;

use super::satisfiability::Facts;
use crate::domain::{
    Rules, TagDirectory, TagId,
    exposure::{CompiledProfile, FREEFORM, NodeFacts, TagFacts},
};

/// Tags of a node that a description lists at most.
const LISTED_TAGS: usize = 5;

/// A node that one version of a profile exposes and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleNode {
    /// Of these, `None`: any that neither version names.
    id: Option<String>,
    node_type: Option<String>,
    schema: Option<Schema>,
    tag_ids: Vec<String>,
    tag_names: Vec<String>,
    /// `None`: any time.
    created_at: Option<Instant>,
    /// A word that neither version names.
    other: String,
    any_time: Instant,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Schema {
    Named(String),
    Freeform,
}

impl ExampleNode {
    /// A node with these facts, or those of them that suffice, that `after` exposes and `before` does not; `None`: they do not
    /// suffice.
    pub(super) fn new(facts: &Facts<'_>, before: &Rules, after: &Rules) -> Option<Self> {
        let (hides, exposes) = (CompiledProfile::new(before, true), CompiledProfile::new(after, true));
        let is_example = |node: &Self| node.with_facts(|node| exposes.exposes(node) && !hides.exposes(node));
        let created_at = match (facts.created_from, facts.created_before) {
            (Some(from), _) => Some(from),
            (None, Some(before)) => Some(Instant::new(before.utc() - Duration::from_secs(1)).ok()?),
            (None, None) => None,
        };
        let schema =
            |schema: &str| if schema == FREEFORM { Schema::Freeform } else { Schema::Named(schema.to_owned()) };
        let mut node = Self {
            id: facts.id.map(str::to_owned),
            node_type: facts.node_type.map(str::to_owned),
            schema: facts.schema.map(schema),
            tag_ids: facts.tag_ids.iter().map(ToString::to_string).collect(),
            tag_names: facts.tag_names.iter().map(ToString::to_string).collect(),
            created_at,
            other: unnamed_word(before, after),
            any_time: Instant::from_parts(0, 0).ok()?,
        };
        if !is_example(&node) {
            return None;
        }
        node.simplify(&is_example);
        Some(node)
    }

    /// Takes away what is not needed for the node to be an example.
    fn simplify(&mut self, is_example: &impl Fn(&Self) -> bool) {
        let mut try_without = |remove: &dyn Fn(&mut Self)| {
            let mut simpler = self.clone();
            remove(&mut simpler);
            if is_example(&simpler) {
                *self = simpler;
            }
        };
        try_without(&|node| node.id = None);
        try_without(&|node| node.node_type = None);
        try_without(&|node| node.schema = None);
        try_without(&|node| node.created_at = None);
        for index in (0..self.tag_ids.len()).rev() {
            let mut simpler = self.clone();
            simpler.tag_ids.remove(index);
            if is_example(&simpler) {
                *self = simpler;
            }
        }
        for index in (0..self.tag_names.len()).rev() {
            let mut simpler = self.clone();
            simpler.tag_names.remove(index);
            if is_example(&simpler) {
                *self = simpler;
            }
        }
    }

    /// Calls `ask` with the node as an engine takes it.
    pub fn with_facts<T>(&self, ask: impl FnOnce(&NodeFacts<'_>) -> T) -> T {
        let Self { id, node_type, schema, tag_ids, tag_names, created_at, other, any_time } = self;
        let by_id = tag_ids.iter().map(|id| TagFacts::new(id, ""));
        let by_name = tag_names.iter().map(|name| TagFacts::new("", name));
        let tags: Vec<_> = by_id.chain(by_name).collect();
        ask(&NodeFacts {
            id: id.as_ref().unwrap_or(other),
            node_type: node_type.as_ref().unwrap_or(other),
            tags: &tags,
            schema: match schema {
                None => Some(other),
                Some(Schema::Named(schema)) => Some(schema),
                Some(Schema::Freeform) => None,
            },
            created_at: created_at.unwrap_or(*any_time),
        })
    }

    /// The node in words: "a node with the tag `work`, of the type `note`".
    pub fn describe(&self, directory: &TagDirectory) -> String {
        let Self { id, node_type, schema, tag_ids, tag_names, created_at, other: _, any_time: _ } = self;
        let mut text = id.as_ref().map_or_else(|| "a node".to_owned(), |id| format!("the node `{id}`"));
        let by_id = tag_ids.iter().map(|id| {
            let name = TagId::parse(id.as_str()).ok().and_then(|id| directory.name_of(&id).cloned());
            name.map_or_else(|| id.clone(), |name| name.as_str().to_owned())
        });
        let tags: Vec<_> = by_id.chain(tag_names.iter().cloned()).map(|tag| format!("`{tag}`")).collect();
        let listed = tags.get(..LISTED_TAGS.min(tags.len())).unwrap_or_default().join(", ");
        // Writing to a string cannot fail.
        let _ = match tags.len() {
            0 => write!(text, " without tags"),
            1 => write!(text, " with the tag {listed}"),
            2..=LISTED_TAGS => write!(text, " with the tags {listed}"),
            many => write!(text, " with the tags {listed} and {} more", many - LISTED_TAGS),
        };
        if let Some(node_type) = node_type {
            let _ = write!(text, ", of the type `{node_type}`");
        }
        let _ = match schema {
            None => Ok(()),
            Some(Schema::Named(schema)) => write!(text, ", with the schema `{schema}`"),
            Some(Schema::Freeform) => write!(text, ", without a schema"),
        };
        if let Some(created_at) = created_at {
            let _ = write!(text, ", created at {created_at}");
        }
        text
    }
}

/// A word that neither version names as an id, a type or a schema.
fn unnamed_word(before: &Rules, after: &Rules) -> String {
    let mut word = "other".to_owned();
    while [before, after].into_iter().any(|rules| names(rules, &word)) {
        word.push('-');
    }
    word
}

fn names(rules: &Rules, word: &str) -> bool {
    let mut types = rules.allowed_node_types.iter().chain(&rules.excluded_node_types);
    let read = rules.schema_permissions.iter().flat_map(|permissions| &permissions.read);
    rules.allowed_node_ids.iter().any(|id| id.as_str() == word)
        || types.any(|kind| kind.as_str() == word)
        || read.flat_map(|grant| &grant.schema_ids).any(|schema| schema.as_str() == word)
}
