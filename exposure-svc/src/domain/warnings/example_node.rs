//! An example node for a warning.

use std::{fmt::Write as _, time::Duration};

use types::Timestamp;

use super::satisfiability::Facts;
use crate::domain::{
    NodeType, Rules, TagDirectory, TagId, TagRef,
    exposure::{CompiledProfile, FREEFORM, NodeFacts, TagFacts},
};

/// Tags of a node that a description lists at most.
const LISTED_TAGS: usize = 5;
/// The example is not minimized above this number of tags.
const MOST_TAGS_TO_SIMPLIFY: usize = 64;

/// A node that one version of a profile exposes and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExampleNode {
    /// Of these, `None`: one that neither version names.
    id: Option<String>,
    node_type: Option<String>,
    schema: Option<Schema>,
    tag_ids: Vec<String>,
    tag_names: Vec<String>,
    /// `None`: any time.
    created_at: Option<Timestamp>,
    /// Whether nodes of other types, or with other schemas, are no examples.
    depends_on_type: bool,
    depends_on_schema: bool,
    /// A word that neither version names.
    other: String,
    any_time: Timestamp,
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
            (None, Some(before)) => Some(just_before(before)?),
            (None, None) => None,
        };
        let mut node = Self {
            id: facts.id.map(str::to_owned),
            node_type: facts.node_type.map(str::to_owned),
            schema: facts.schema.map(Schema::of),
            tag_ids: facts.tag_ids.iter().map(ToString::to_string).collect(),
            tag_names: facts.tag_names.iter().map(ToString::to_string).collect(),
            created_at,
            depends_on_type: false,
            depends_on_schema: false,
            other: unnamed_word(before, after),
            any_time: Timestamp::from_parts(0, 0).ok()?,
        };
        if !is_example(&node) {
            return None;
        }
        node.simplify(&is_example);
        node.generalize(before, after, &is_example);
        Some(node)
    }

    /// Finds out whether it matters that the node is of no type and schema that is named, and when it was created.
    fn generalize(&mut self, before: &Rules, after: &Rules, is_example: &impl Fn(&Self) -> bool) {
        let versions = [before, after];
        let types = versions.iter().flat_map(|rules| rules.allowed_node_types.iter().chain(&rules.excluded_node_types));
        let with_type = |kind: &NodeType| Self { node_type: Some(kind.as_str().to_owned()), ..self.clone() };
        let depends_on_type = self.node_type.is_none() && !types.map(with_type).all(|node| is_example(&node));
        let read =
            versions.iter().flat_map(|rules| &rules.schema_permissions).flat_map(|permissions| &permissions.read);
        let named = read.flat_map(|grant| &grant.schema_ids).map(|schema| Schema::of(schema.as_str()));
        let with_schema = |schema: Schema| Self { schema: Some(schema), ..self.clone() };
        let depends_on_schema = self.schema.is_none() && !named.map(with_schema).all(|node| is_example(&node));
        let ends = versions.iter().flat_map(|rules| [rules.date_range_start, rules.date_range_end]).flatten();
        let times = ends.flat_map(|end| [Some(end), just_before(end)]).flatten();
        let with_time = |time: Timestamp| Self { created_at: Some(time), ..self.clone() };
        let mut times = times.map(with_time);
        let created_at = if times.all(|node| is_example(&node)) { None } else { self.created_at };
        *self = Self { created_at, depends_on_type, depends_on_schema, ..self.clone() };
    }

    /// Removes what the example does not need.
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
        if self.tag_ids.len() + self.tag_names.len() > MOST_TAGS_TO_SIMPLIFY {
            return;
        }
        for index in (0..self.tag_ids.len()).rev() {
            let tag = self.tag_ids.remove(index);
            if !is_example(self) {
                self.tag_ids.insert(index, tag);
            }
        }
        for index in (0..self.tag_names.len()).rev() {
            let tag = self.tag_names.remove(index);
            if !is_example(self) {
                self.tag_names.insert(index, tag);
            }
        }
    }

    /// Calls `decide` with the node as the engine takes it.
    pub fn with_facts<T>(&self, ask: impl FnOnce(&NodeFacts<'_>) -> T) -> T {
        let Self {
            id,
            node_type,
            schema,
            tag_ids,
            tag_names,
            created_at,
            other,
            any_time,
            depends_on_type: _,
            depends_on_schema: _,
        } = self;
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
        let Self { id, node_type, schema, tag_ids, tag_names, created_at, depends_on_type, depends_on_schema, .. } =
            self;
        let mut text = id.as_ref().map_or_else(|| "a node".to_owned(), |id| format!("the node `{id}`"));
        let by_id = tag_ids.iter().map(|id| {
            let known = TagId::parse(id.as_str()).map(|id| directory.shown(&TagRef::id(id)));
            known.map_or_else(|_| id.clone(), |text| text.to_string())
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
        } else if *depends_on_type {
            text.push_str(", of a type that the profile does not name");
        }
        let _ = match schema {
            None if *depends_on_schema => write!(text, ", with a schema that the profile does not name"),
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

impl Schema {
    fn of(text: &str) -> Self {
        if text == FREEFORM { Self::Freeform } else { Self::Named(text.to_owned()) }
    }
}

/// A time before this one, if there is one.
fn just_before(time: Timestamp) -> Option<Timestamp> {
    Timestamp::new(time.utc() - Duration::from_secs(1)).ok()
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
