//! What an update is said to widen, compared with every node that could be.

use exposure_svc::domain::{
    Exposed, Rules, TagRef,
    exposure::{CompiledProfile, NodeFacts, TagFacts},
};
use proptest::{prelude::*, sample::subsequence};
use vocabulary::Id;

use crate::{
    widened::compared,
    world::{SCHEMAS, TYPES, day, random_rules},
};

/// Calls `ask` with every kind of node that two versions can tell apart: every set of tags, every type, schema and id that they name
/// and one that they do not, and every day.
fn every_node([one, other]: [&Rules; 2], mut ask: impl FnMut(&NodeFacts<'_>)) {
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

/// How many kinds of nodes `after` exposes and `before` does not.
fn newly_exposed(before: &Rules, after: &Rules) -> usize {
    let (hides, exposes) = (CompiledProfile::new(before, true), CompiledProfile::new(after, true));
    let mut found = 0;
    every_node([before, after], |node| found += usize::from(exposes.exposes(node) && !hides.exposes(node)));
    found
}

/// The fields of a profile that decide which nodes are exposed.
const FIELDS: [&str; 13] = [
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
fn with_field(field: &str, source: &Rules, of: &Rules) -> Rules {
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

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        max_global_rejects: 100_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// In both directions: nothing that is widened is missed, and what is described is really exposed now and was not before.
    #[test]
    fn no_widening_is_missed_and_none_is_made_up(
        before in random_rules(),
        other in random_rules(),
        fields in subsequence(FIELDS.to_vec(), 1..=3),
    ) {
        let after = fields.iter().fold(before.clone(), |rules, field| with_field(field, &other, &rules));
        let references = before.tags().union(&after.tags()).count();
        prop_assume!(references <= 6);
        for (before, after) in [(&before, &after), (&after, &before)] {
            let found = newly_exposed(before, after);
            match compared(before, after).nodes {
                None => prop_assert_eq!(found, 0),
                Some(Exposed::Undecided { fields }) => prop_assert!(false, "small profiles are decided: {:?}", fields),
                Some(Exposed::Nodes { example, fields }) => {
                    prop_assert!(found > 0);
                    let (hides, exposes) = (CompiledProfile::new(before, true), CompiledProfile::new(after, true));
                    let is_example = example.with_facts(|node| exposes.exposes(node) && !hides.exposes(node));
                    prop_assert!(is_example, "{:?}", example);
                    // Every field that exposes anything is named: with those as they were, nothing is newly exposed.
                    prop_assert!(!fields.is_empty());
                    let reverted = fields.iter().fold(after.clone(), |rules, field| with_field(field, before, &rules));
                    prop_assert_eq!(newly_exposed(before, &reverted), 0, "{:?}", fields);
                }
            }
        }
    }
}
