//! The formula of profiles over every node that could be, and the fields that it is made of.

use exposure_svc::domain::{
    Rules, TagRef,
    exposure::{NodeFacts, TagFacts},
};
use types::Id;

use crate::world::{SCHEMAS, TYPES, day};

/// Calls `ask` with every kind of node that two versions can tell apart: every set of tags, every type, schema and id that they name
/// and one that they do not, and every day.
pub fn every_node([one, other]: [&Rules; 2], mut ask: impl FnMut(&NodeFacts<'_>)) {
    let mut references: Vec<TagRef> = one.tags().union(&other.tags()).cloned().collect();
    references.sort();
    let types: Vec<_> = TYPES.iter().copied().chain(["another"]).collect();
    let schemas = [Some(SCHEMAS[0]), Some(SCHEMAS[1]), None, Some("another")];
    let picked = one.allowed_node_ids.iter().chain(&other.allowed_node_ids).map(Id::as_str);
    let ids: Vec<_> = picked.chain(["another"]).collect();
    let has_range = |rules: &Rules| rules.date_range_start.or(rules.date_range_end).is_some();
    let days: Vec<_> = (1..16).step_by(if has_range(one) || has_range(other) { 1 } else { 15 }).collect();
    for subset in 0..1_u32 << references.len() {
        let chosen = (0..).zip(&references).filter(|(index, _)| subset >> index & 1 == 1);
        let tags: Vec<_> = chosen
            .map(|(_, reference)| match reference {
                TagRef::Id { id } => TagFacts::new(id.as_str(), ""),
                TagRef::Text(text) => TagFacts::new("", text.as_str()),
            })
            .collect();
        for node_type in &types {
            for schema in schemas {
                for id in &ids {
                    for created in &days {
                        ask(&NodeFacts { id, node_type, tags: &tags, schema, created_at: day(*created) });
                    }
                }
            }
        }
    }
}

/// The fields of a profile that decide which nodes are exposed.
pub const FIELDS: [&str; 13] = [
    "tag_filters.include_all",
    "tag_filters.include_any",
    "tag_filters.exclude_any",
    "tag_expression",
    "allowed_tag_ids",
    "excluded_tag_ids",
    "allowed_node_ids",
    "allowed_node_types",
    "excluded_node_types",
    "date_range_start",
    "date_range_end",
    "tag_permissions.read",
    "schema_permissions.read",
];

/// The rules `of` with one field as `source` has it.
pub fn with_field(field: &str, source: &Rules, of: &Rules) -> Rules {
    let mut rules = of.clone();
    let source = source.clone();
    let mut filters = rules.tag_filters.take().unwrap_or_default();
    let of_source = source.tag_filters.unwrap_or_default();
    match field {
        "tag_filters.include_all" => filters.include_all = of_source.include_all,
        "tag_filters.include_any" => filters.include_any = of_source.include_any,
        "tag_filters.exclude_any" => filters.exclude_any = of_source.exclude_any,
        "tag_expression" => rules.tag_expression = source.tag_expression,
        "allowed_tag_ids" => {
            rules.allowed_tag_ids = source.allowed_tag_ids;
            rules.allowed_tags_logic = source.allowed_tags_logic;
        }
        "excluded_tag_ids" => rules.excluded_tag_ids = source.excluded_tag_ids,
        "allowed_node_ids" => rules.allowed_node_ids = source.allowed_node_ids,
        "allowed_node_types" => rules.allowed_node_types = source.allowed_node_types,
        "excluded_node_types" => rules.excluded_node_types = source.excluded_node_types,
        "date_range_start" => rules.date_range_start = source.date_range_start,
        "date_range_end" => rules.date_range_end = source.date_range_end,
        "tag_permissions.read" => rules.tag_permissions = source.tag_permissions,
        "schema_permissions.read" => rules.schema_permissions = source.schema_permissions,
        other => panic!("{other} is no field of the formula"),
    }
    Rules { tag_filters: Some(filters), ..rules }
}
