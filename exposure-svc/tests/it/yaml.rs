//! The YAML of a profile, for people, and back.

use exposure_svc::domain::{
    Description, DetailLevel, NodeType, Profile, ProfileId, ProfileName, Rules, SchemaGrant, SchemaPermissions,
    TagExpression, TagFilters, TagGrant, TagOp, TagPermissions, TagRef, TagsLogic, Transformation, UserId, to_yaml,
};
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_yaml::{Mapping, Value};
use types::{Id, Timestamp, UniqueVec};
use uuid::Uuid;

/// Reads a profile's YAML back.
fn read(yaml: &str) -> (String, Option<String>, Rules, bool) {
    let mut document: Mapping = serde_yaml::from_str(yaml).unwrap();
    let mut take = |key: &str| document.remove(key);
    let name = take("name").unwrap().as_str().unwrap().to_owned();
    let description = take("description").map(|text| text.as_str().unwrap().to_owned());
    let is_active = take("is_active").unwrap().as_bool().unwrap();
    (name, description, serde_yaml::from_value(Value::Mapping(document)).unwrap(), is_active)
}

fn profile(name: &str, description: Option<&str>, rules: Rules, is_active: bool) -> Profile {
    let timestamp = Timestamp::from_parts(0, 0).unwrap();
    Profile {
        id: ProfileId(Uuid::nil()),
        owner: UserId::parse("ann").unwrap(),
        name: ProfileName::parse(name).unwrap(),
        description: description.map(|text| Description::parse(text.to_owned()).unwrap()),
        rules,
        formula_warnings: Vec::new(),
        is_active,
        is_default: false,
        created_at: timestamp,
        updated_at: timestamp,
        version: 1,
    }
}

#[test]
fn yaml_is_readable() {
    let rules = Rules {
        tag_filters: Some(TagFilters {
            exclude_any: UniqueVec::new(vec![TagRef::parse("private").unwrap()]),
            ..TagFilters::default()
        }),
        max_detail_level: Some(DetailLevel::Summary),
        ..Rules::default()
    };
    let expected = "# OfSelf exposure profile: what the apps bound to it may see and do\nname: Work\n\
                    tag_filters:\n  exclude_any:\n  - private\nmax_detail_level: summary\nis_active: true\n";
    assert_eq!(to_yaml(&profile("Work", None, rules, true)).unwrap(), expected);
}

/// Strings that YAML 1.1 or 1.2 reads as something else where they are not quoted.
const AMBIGUOUS: [&str; 54] = [
    "y",
    "N",
    "yes",
    "No",
    "on",
    "OFF",
    "true",
    "False",
    "null",
    "~",
    "0",
    "-0",
    "+1",
    "012",
    "0o7",
    "0b1",
    "0x1F",
    "1_000",
    "1.",
    ".5",
    "1e3",
    "12e03",
    "1:30",
    "190:20:30.15",
    ".inf",
    "-.INF",
    ".nan",
    "2026-11-21",
    "2026-11-21T00:00:00Z",
    "2026-11-21 00:00:00",
    "<<",
    "=",
    "-",
    "---",
    "...",
    "- a",
    "a: b",
    "#c",
    "a #b",
    "&a",
    "*a",
    "!t",
    "{}",
    "e1",
    "E56",
    "e-7",
    "+e2",
    "09:30",
    "0:30",
    "012:30",
    "0:0:0",
    "1,000",
    "08",
    "%x",
];

#[test]
fn ambiguous_strings_are_quoted_and_line_separators_escaped() {
    let yaml = |text: &str| {
        let tags = UniqueVec::new(vec![TagRef::parse(text).unwrap()]);
        to_yaml(&profile("Work", None, Rules { allowed_tag_ids: tags, ..Rules::default() }, true)).unwrap()
    };
    for text in AMBIGUOUS {
        let yaml = yaml(text);
        assert!(yaml.contains(&format!("- \"{text}\"\n")) || yaml.contains(&format!("- '{text}'\n")), "{yaml}");
    }
    for (text, escaped) in [("a\u{2028}b", "a\\Lb"), ("a\u{2029}b", "a\\Pb"), ("\u{feff}a", "\\uFEFFa")] {
        assert!(yaml(text).contains(&format!("- \"{escaped}\"\n")), "{}", yaml(text));
    }
    assert!(yaml("reading list").contains("- reading list\n"), "and nothing else is");
}

/// Texts that a careless writer of YAML would have read back as something else.
fn text() -> impl Strategy<Value = String> {
    let awkward = ["'", "\"", " x", "a\u{2028}b", "\u{2029}", "\u{feff}", "\\", "🦀"];
    let awkward: Vec<_> = AMBIGUOUS.into_iter().chain(awkward).map(str::to_owned).collect();
    prop_oneof![select(awkward), "[ -~äß🦀\u{a0}\u{200b}-\u{202e}\u{feff}]{1,20}", "\\PC{1,20}"]
}

fn tags() -> impl Strategy<Value = UniqueVec<TagRef>> {
    vec(text().prop_filter_map("a tag", |text| TagRef::parse(&text).ok()), 0..4).prop_map(UniqueVec::new)
}

fn ids<Kind: 'static>() -> impl Strategy<Value = UniqueVec<Id<Kind>>> {
    vec("[A-Za-z0-9._:-]{1,12}".prop_map(|text| Id::parse(text).unwrap()), 0..4)
        .prop_map(|ids: Vec<Id<Kind>>| UniqueVec::new(ids))
}

fn types() -> impl Strategy<Value = UniqueVec<NodeType>> {
    vec(text().prop_map(|text| NodeType::parse(text).unwrap()), 0..3).prop_map(UniqueVec::new)
}

fn timestamp() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000, 0..1_000_000_000).prop_map(|(seconds, nanos)| Timestamp::from_parts(seconds, nanos).unwrap())
}

fn expression() -> impl Strategy<Value = TagExpression> {
    let leaf = text().prop_filter_map("a tag", |text| TagRef::parse(&text).ok()).prop_map(TagExpression::tag);
    leaf.prop_recursive(6, 24, 4, |below| {
        prop_oneof![
            (select(vec![TagOp::And, TagOp::Or]), vec(below.clone(), 1..4))
                .prop_map(|(op, conditions)| TagExpression::Operation { op, conditions }),
            below.prop_map(|one| TagExpression::Operation { op: TagOp::Not, conditions: vec![one] }),
        ]
    })
}

fn tag_grant() -> impl Strategy<Value = Option<TagGrant>> {
    option::of(
        (tags(), any::<bool>(), option::of(any::<bool>())).prop_map(|(tag_ids, allow_all, allow_new)| TagGrant {
            tag_ids,
            allow_all,
            allow_new,
        }),
    )
}

fn schema_grant() -> impl Strategy<Value = Option<SchemaGrant>> {
    option::of((ids(), any::<bool>()).prop_map(|(schema_ids, allow_all)| SchemaGrant { schema_ids, allow_all }))
}

fn rules() -> impl Strategy<Value = Rules> {
    let filters = (tags(), tags(), tags()).prop_map(|(include_all, include_any, exclude_any)| TagFilters {
        include_all,
        include_any,
        exclude_any,
    });
    let tag_permissions = (tag_grant(), tag_grant(), tag_grant(), tag_grant(), tag_grant(), tag_grant()).prop_map(
        |(discover, read, propose, edit, create, delete)| TagPermissions {
            discover,
            read,
            propose,
            edit,
            create,
            delete,
        },
    );
    let schema_permissions =
        (schema_grant(), schema_grant()).prop_map(|(read, write)| SchemaPermissions { read, write });
    let lists = (tags(), tags(), ids(), types(), types());
    let choices = (
        option::of(select(vec![TagsLogic::Or, TagsLogic::And])),
        option::of(select(vec![DetailLevel::Full, DetailLevel::Summary, DetailLevel::Minimal])),
        vec(select(Transformation::ALL.to_vec()), 0..4).prop_map(UniqueVec::new),
    );
    (
        option::of(filters),
        option::of(expression()),
        lists,
        choices,
        (option::of(timestamp()), option::of(timestamp())),
        option::of(tag_permissions),
        option::of(schema_permissions),
    )
        .prop_map(|(tag_filters, tag_expression, lists, choices, dates, tag_permissions, schema_permissions)| {
            Rules {
                tag_filters,
                tag_expression,
                allowed_tag_ids: lists.0,
                allowed_tags_logic: choices.0,
                excluded_tag_ids: lists.1,
                allowed_node_ids: lists.2,
                allowed_node_types: lists.3,
                excluded_node_types: lists.4,
                date_range_start: dates.0,
                date_range_end: dates.1,
                transformations: choices.2,
                max_detail_level: choices.1,
                tag_permissions,
                schema_permissions,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn yaml_parses_to_an_equal_profile(
        rules in rules(),
        name in text(),
        description in option::of(text()),
        is_active in any::<bool>(),
    ) {
        prop_assume!(!name.trim().is_empty());
        let profile = profile(&name, description.as_deref(), rules, is_active);
        let yaml = to_yaml(&profile).unwrap();
        let (name, description, rules, is_active) = read(&yaml);
        prop_assert_eq!(name, profile.name.as_str());
        prop_assert_eq!(description.as_deref(), profile.description.as_ref().map(Description::as_str));
        prop_assert_eq!(rules, profile.rules);
        prop_assert_eq!(is_active, profile.is_active);
    }
}
