//! Why a node is exposed or hidden, in words; a person reads the file that this compares with.

use std::fmt::Write;

use expect_test::expect_file;
use exposure_svc::domain::{Rules, exposure::explain};

use crate::world::{CaseNode, CaseTag, day};

fn node() -> CaseNode {
    CaseNode {
        id: "n1".into(),
        node_type: "note".into(),
        tags: vec![
            CaseTag { id: "t1".into(), name: "work".into() },
            CaseTag { id: "t2".into(), name: "private".into() },
        ],
        schema_id: None,
        created_at: day(10).utc(),
    }
}

#[test]
fn every_decision_is_explained() {
    let cases = [
        ("yes: nothing is stated", "{}"),
        ("yes: every filter holds", "tag_filters: {include_any: [work, home]}\nallowed_node_types: [note]"),
        ("yes: picked by hand, whatever the filters say", "allowed_node_ids: [n1]\ntag_filters: {include_all: [home]}"),
        ("no: an excluded tag, which a person knows by its name", "tag_filters: {exclude_any: [t2]}"),
        ("no: an excluded tag, picked or not", "allowed_node_ids: [n1]\nexcluded_tag_ids: [t2]"),
        ("no: an excluded type", "excluded_node_types: [note, GOAL]"),
        ("no: a tag is missing", "tag_filters: {include_all: [work, home]}"),
        ("no: none of the tags", "tag_filters: {include_any: [a, b, c, d, e, f, g]}"),
        ("no: none of the tags, in the legacy form", "allowed_tag_ids: [home]"),
        ("no: not all of the tags, in the legacy form", "allowed_tag_ids: [work, home]\nallowed_tags_logic: AND"),
        (
            "no: the expression",
            "tag_expression: {op: AND, conditions: [{tag: work}, {op: NOT, conditions: [{tag: private}]}]}",
        ),
        ("no: another expression", "tag_expression: {op: OR, conditions: [{tag: home}, {tag: play}]}"),
        ("no: another type", "allowed_node_types: [GOAL]"),
        ("no: too early", "date_range_start: 2026-01-11T00:00:00Z"),
        ("no: too late", "date_range_end: 2026-01-10T00:00:00Z"),
        ("no: not picked", "allowed_node_ids: [n2]"),
        ("no: the tags may not be read", "tag_permissions: {read: {tag_ids: [home], allow_all: false}}"),
        ("no: the verb is absent", "tag_permissions: {discover: {tag_ids: [], allow_all: true}}"),
        ("no: the schema may not be read", "schema_permissions: {read: {schema_ids: [s1], allow_all: false}}"),
        ("no: for several reasons", "tag_filters: {exclude_any: [private]}\nallowed_node_types: [GOAL]"),
    ];
    let mut shown = String::from(
        "What `ExplainExposure` says, by kind, of a note `n1` with the tags `work` (t1) and `private` (t2), made on\n\
         2026-01-10. A rule that is not stated is left out here; `*` stands at the one that decided.\n",
    );
    for (title, rules) in cases {
        let parsed: Rules = serde_yaml::from_str(rules).unwrap();
        let explained = node().with_facts(|facts| explain(&parsed, true, facts));
        writeln!(shown, "\n{title}\n  {}", explained.reason).unwrap();
        for rule in explained.rules.iter().filter(|rule| rule.reason != "not stated") {
            let decided = if rule.decided { '*' } else { ' ' };
            let sign = if rule.holds { '+' } else { '-' };
            writeln!(shown, "  {decided}{sign} {}: {}", rule.rule, rule.reason).unwrap();
        }
    }
    let inactive = node().with_facts(|facts| explain(&Rules::default(), false, facts));
    writeln!(shown, "\nno: the profile is not active\n  {}", inactive.reason).unwrap();
    expect_file!["../cases/explanations.txt"].assert_eq(&shown);
}
