//! What a person is warned of, held against every node that could be.

use exposure_svc::domain::{
    KnownTag, NodeType, Rules, TagDirectory, TagExpression, TagFilters, TagId, TagOp, TagPermissions, TagRef,
    WarningCode, directory_warnings, exposure::CompiledProfile, formula_warnings,
};
use ofself_proto::exposure::{DeleteTagsRequest, ProfileDraft, TagFilters as WireFilters};
use proptest::prelude::*;
use test_kit::Backend;
use types::{Id, UniqueVec};

use crate::{
    formula::{every_node, with_field},
    test_server::{TestServer, named, strings},
    world::{NAMES, TAGS, random_rules, tag},
};

/// The parts of the formula that say nothing else, each with its fields.
const PARTS: [(&str, &[&str]); 10] = [
    ("tag_filters.include_all", &["tag_filters.include_all"]),
    ("tag_filters.include_any", &["tag_filters.include_any"]),
    ("tag_filters.exclude_any", &["tag_filters.exclude_any"]),
    ("tag_expression", &["tag_expression"]),
    ("allowed_tag_ids", &["allowed_tag_ids"]),
    ("excluded_tag_ids", &["excluded_tag_ids"]),
    ("allowed_node_ids", &["allowed_node_ids"]),
    ("allowed_node_types", &["allowed_node_types"]),
    ("excluded_node_types", &["excluded_node_types"]),
    ("date_range", &["date_range_start", "date_range_end"]),
];

/// The rules without a part. A logic without its list says nothing.
fn without(fields: &[&str], rules: &Rules) -> Rules {
    let none = Rules { allowed_tags_logic: rules.allowed_tags_logic, ..Rules::default() };
    fields.iter().fold(rules.clone(), |rules, field| with_field(field, &none, &rules))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_warning_is_true_and_none_is_missing(rules in random_rules()) {
        prop_assume!(rules.tags().len() <= 6);
        let compiled = CompiledProfile::new(&rules, true);
        let (mut all, mut some) = (true, false);
        every_node([&rules, &rules], |node| {
            let exposed = compiled.exposes(node);
            all &= exposed;
            some |= exposed;
        });
        let found = formula_warnings(&rules);
        let reason = |code| found.iter().any(|warning| warning.code == code);
        prop_assert_eq!(reason(WarningCode::ExposesEverything), all, "{:?}", found);
        prop_assert_eq!(reason(WarningCode::ExposesNothing), !some, "{:?}", found);
        if all || !some {
            return Ok(());
        }
        for (part, fields) in PARTS {
            let narrowed = without(fields, &rules);
            let same_rules = narrowed == Rules { tag_filters: Some(rules.tag_filters.clone().unwrap_or_default()), ..rules.clone() };
            let other = CompiledProfile::new(&narrowed, true);
            let mut has_effect = false;
            every_node([&rules, &rules], |node| has_effect |= compiled.exposes(node) != other.exposes(node));
            let warned = found.iter().any(|warning| {
                let is_whole = !warning.message.starts_with("excluding the type");
                warning.code == WarningCode::NoEffect && is_whole && warning.fields == [part]
            });
            prop_assert_eq!(warned, !has_effect && !same_rules, "{}: {:?}", part, found);
        }
    }
}

/// A list of tags that the directory knows.
fn known(ids: &[&str]) -> UniqueVec<TagRef> {
    UniqueVec::new(ids.iter().map(|id| TagRef::id(TagId::parse(*id).unwrap())).collect())
}

fn list(tags: &[&str]) -> UniqueVec<TagRef> {
    UniqueVec::new(tags.iter().map(|name| tag(name)).collect())
}

fn types(names: &[&str]) -> UniqueVec<NodeType> {
    UniqueVec::new(names.iter().map(|name| NodeType::parse((*name).to_owned()).unwrap()).collect())
}

fn said(rules: &Rules) -> Vec<(String, Vec<String>)> {
    formula_warnings(rules).into_iter().map(|warning| (warning.message, warning.fields)).collect()
}

fn not(tag: TagRef) -> TagExpression {
    TagExpression::Operation { op: TagOp::Not, conditions: vec![TagExpression::tag(tag)] }
}

#[test]
fn minimal_contradicting_parts_are_named() {
    let filters = |all: &[&str], any: &[&str], none: &[&str]| {
        Some(TagFilters { include_all: list(all), include_any: list(any), exclude_any: list(none) })
    };
    let contradiction = |rules: &Rules| {
        let found = formula_warnings(rules);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].code, WarningCode::ExposesNothing);
        found[0].fields.join(" ")
    };
    let required_and_excluded = Rules {
        tag_filters: filters(&["a", "b"], &["c"], &["b"]),
        allowed_node_types: types(&["note"]),
        ..Rules::default()
    };
    assert_eq!(contradiction(&required_and_excluded), "tag_filters.include_all tag_filters.exclude_any");

    let by_expression = Rules {
        tag_expression: Some(not(tag("a"))),
        allowed_tag_ids: list(&["a"]),
        excluded_tag_ids: list(&["z"]),
        ..Rules::default()
    };
    assert_eq!(contradiction(&by_expression), "tag_expression allowed_tag_ids");

    let within_itself = Rules {
        tag_expression: Some(TagExpression::Operation {
            op: TagOp::And,
            conditions: vec![TagExpression::tag(tag("a")), not(tag("a"))],
        }),
        ..Rules::default()
    };
    assert_eq!(contradiction(&within_itself), "tag_expression");

    let types_meet = Rules {
        allowed_node_types: types(&["note", "GOAL"]),
        excluded_node_types: types(&["GOAL", "note"]),
        tag_filters: filters(&["a"], &[], &[]),
        ..Rules::default()
    };
    assert_eq!(contradiction(&types_meet), "allowed_node_types excluded_node_types");

    let three =
        Rules { tag_filters: filters(&[], &["a", "b"], &["a"]), excluded_tag_ids: list(&["b"]), ..Rules::default() };
    assert_eq!(contradiction(&three), "tag_filters.include_any tag_filters.exclude_any excluded_tag_ids");

    // What was picked by hand is in whatever the filters say.
    let picked = Rules { allowed_node_ids: UniqueVec::new(vec![Id::parse("n").unwrap()]), ..within_itself };
    assert!(!said(&picked).iter().any(|(message, _)| message.contains("nothing:")), "{:?}", said(&picked));
}

#[test]
fn ids_below_a_not_contradict_what_is_required() {
    let excluded = TagExpression::Tag { tag: tag("diary"), ids: UniqueVec::new(vec![TagId::parse("t1").unwrap()]) };
    let rules = Rules {
        tag_filters: Some(TagFilters { include_all: known(&["t1"]), ..TagFilters::default() }),
        tag_expression: Some(TagExpression::Operation { op: TagOp::Not, conditions: vec![excluded] }),
        ..Rules::default()
    };
    let codes: Vec<_> = formula_warnings(&rules).into_iter().map(|warning| warning.code).collect();
    assert_eq!(codes, [WarningCode::ExposesNothing]);
}

#[test]
fn each_kind_of_warning_reads_well() {
    assert_eq!(said(&Rules::default()), [("this profile exposes every node".to_owned(), vec![])]);
    let closed = Rules { tag_permissions: Some(TagPermissions::nothing()), ..Rules::default() };
    assert_eq!(
        said(&closed),
        [(
            "this profile can expose nothing: `tag_permissions.read` matches no node".to_owned(),
            vec!["tag_permissions.read".to_owned()]
        )]
    );
    let idle =
        Rules { allowed_node_types: types(&["note"]), excluded_node_types: types(&["GOAL"]), ..Rules::default() };
    assert_eq!(
        said(&idle),
        [(
            "`excluded_node_types` has no effect: without it the same nodes would be exposed".to_owned(),
            vec!["excluded_node_types".to_owned()]
        )]
    );
    let partly = Rules {
        allowed_node_types: types(&["note", "BELIEF"]),
        excluded_node_types: types(&["GOAL", "note"]),
        ..Rules::default()
    };
    assert_eq!(said(&partly)[0].0, "excluding the type `GOAL` has no effect: no node of it is exposed anyway");
    let deleted = TagDirectory::new([KnownTag { id: TagId::parse("t1").unwrap(), name: None }]);
    let rules = Rules { excluded_tag_ids: known(&["t1", "t2"]), ..Rules::default() };
    let found = directory_warnings(&rules, &deleted);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "the tag `t1` no longer exists");
    assert_eq!(found[0].fields, ["excluded_tag_ids"]);
}

#[test]
fn largest_profile_is_decided() {
    // Pigeons and holes: a formula that is hard for its size, as large as an expression may be.
    let hole = |pigeon: usize, hole: usize| TagExpression::tag(tag(&format!("p{pigeon}h{hole}")));
    let all = |op, conditions| TagExpression::Operation { op, conditions };
    let mut conditions: Vec<_> =
        (0..6).map(|pigeon| all(TagOp::Or, (0..5).map(|h| hole(pigeon, h)).collect())).collect();
    for h in 0..5 {
        for one in 0..6 {
            for other in 0..one {
                conditions.push(all(TagOp::Not, vec![all(TagOp::And, vec![hole(one, h), hole(other, h)])]));
            }
        }
    }
    let rules = Rules { tag_expression: Some(all(TagOp::And, conditions)), ..Rules::default() };
    assert_eq!(said(&rules)[0].1, ["tag_expression"]);
    // Long lists that meet everywhere.
    let long: Vec<_> = (0..1_000).map(|number| format!("tag-{number}")).collect();
    let long: Vec<_> = long.iter().map(String::as_str).collect();
    let rules = Rules {
        tag_filters: Some(TagFilters {
            include_any: list(&long),
            exclude_any: list(&long[1..]),
            ..TagFilters::default()
        }),
        allowed_tag_ids: list(&long),
        excluded_tag_ids: list(&long[..999]),
        ..Rules::default()
    };
    assert_eq!(said(&rules)[0].1, ["tag_filters.exclude_any", "allowed_tag_ids", "excluded_tag_ids"]);
}

#[test]
fn undecided_warnings_are_not_reported() {
    // Eight pigeons in seven holes, as few in a hole as can be said in so many parts.
    let hole = |pigeon: usize, hole: usize| TagExpression::tag(tag(&format!("p{pigeon}h{hole}")));
    let all = |op, conditions| TagExpression::Operation { op, conditions };
    let mut conditions: Vec<_> =
        (0..8).map(|pigeon| all(TagOp::Or, (0..7).map(|h| hole(pigeon, h)).collect())).collect();
    for h in 0..7 {
        let two = (1..8).map(|one| {
            let before = all(TagOp::Or, (0..one).map(|other| hole(other, h)).collect());
            all(TagOp::And, vec![hole(one, h), before])
        });
        conditions.push(all(TagOp::Not, vec![all(TagOp::Or, two.collect())]));
    }
    let hard = Rules { tag_expression: Some(all(TagOp::And, conditions)), ..Rules::default() };
    assert_eq!(said(&hard), []);
}

#[tokio::test]
async fn every_profile_response_has_warnings() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let codes = |profile: &ofself_proto::exposure::Profile| -> Vec<String> {
        profile.warnings.iter().map(|warning| warning.code.clone()).collect()
    };
    assert_eq!(codes(&server.default("ann").await), ["EXPOSES_EVERYTHING"]);
    server.learn("ann", &[(TAGS[0], NAMES[0])]).await;
    let filters = WireFilters { exclude_any: strings(&[NAMES[0]]), ..WireFilters::default() };
    let draft = ProfileDraft { tag_filters: Some(filters), ..named("Not at work") };
    let made = server.create_as("ann", Some("key"), draft.clone()).await.unwrap().profile.unwrap();
    assert!(codes(&made).is_empty());
    let forgotten = DeleteTagsRequest { user_id: "ann".into(), tag_ids: strings(&[TAGS[0]]) };
    server.tags().delete_tags(forgotten).await.unwrap();
    assert_eq!(codes(&server.get("ann", &made.id).await.unwrap()), ["TAG_DELETED"]);
    let kept = server.get_with("ann", &made.id, false).await.unwrap().profile.unwrap();
    assert_eq!(codes(&kept), ["TAG_DELETED"]);
    // A repeat is answered as the first was.
    assert_eq!(server.create_as("ann", Some("key"), draft).await.unwrap().profile.unwrap(), made);
}
