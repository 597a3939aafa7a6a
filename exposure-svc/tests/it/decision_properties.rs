//! However a question is asked, it has one answer; what narrows never widens; and writing a profile down and reading it back
//! changes nothing.

use exposure_svc::domain::{
    KnownTag, NodeType, Rules, SchemaPermissions, TagDirectory, TagFilters, TagId, TagPermissions, TagRef, TagText,
    exposure::{CompiledProfile, Predicate, explain},
    to_yaml,
};
use proptest::{collection::vec, prelude::*, sample::select};
use types::{FieldErrors, UniqueVec};

use crate::world::{CaseNode, NAMES, TAGS, TYPES, profile, random_node, random_rules, tag};

fn answers(rules: &Rules, nodes: &[CaseNode]) -> Vec<bool> {
    let compiled = CompiledProfile::new(rules, true);
    nodes.iter().map(|node| node.with_facts(|facts| compiled.exposes(facts))).collect()
}

fn with(list: &UniqueVec<TagRef>, added: TagRef) -> UniqueVec<TagRef> {
    UniqueVec::new(list.iter().cloned().chain([added]).collect())
}

/// What is known of the tags: one of them was deleted, and two have one name.
fn directory() -> TagDirectory {
    let known = TAGS.iter().zip(["work", "private", "private", ""]);
    TagDirectory::new(
        known.map(|(id, name)| KnownTag { id: TagId::parse(*id).unwrap(), name: TagText::parse(name).ok() }),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_500, failure_persistence: None, ..ProptestConfig::default() })]

    /// 2,500 profiles by 48 nodes: 120,000 decisions, each made four ways.
    #[test]
    fn all_methods_decide_alike(
        rules in random_rules(),
        is_active in prop::bool::weighted(0.95),
        nodes in vec(random_node(), 48),
    ) {
        let compiled = CompiledProfile::new(&rules, is_active);
        let predicate = Predicate::new(&rules, is_active);
        for node in &nodes {
            node.with_facts(|facts| {
                let exposed = compiled.exposes(facts);
                let explained = explain(&rules, is_active, facts);
                prop_assert_eq!(predicate.holds(facts), exposed);
                prop_assert_eq!(explained.exposed, exposed, "{}", explained.reason);
                prop_assert_eq!(explained.rules.iter().filter(|rule| rule.decided).count(), 1);
                prop_assert_eq!(explained.reason.starts_with("exposed"), exposed);
                Ok(())
            })?;
        }
    }

    #[test]
    fn more_exclusions_never_expose_more(
        rules in random_rules(),
        named in select([TAGS, NAMES].concat()),
        kind in select(TYPES.to_vec()),
        how in 0..3,
        nodes in vec(random_node(), 40),
    ) {
        let mut narrower = rules.clone();
        match how {
            0 => {
                let filters = narrower.tag_filters.get_or_insert_with(TagFilters::default);
                filters.exclude_any = with(&filters.exclude_any, tag(named));
            }
            1 => narrower.excluded_tag_ids = with(&narrower.excluded_tag_ids, tag(named)),
            _ => {
                let kind = NodeType::parse(kind.to_owned()).unwrap();
                let types = narrower.excluded_node_types.iter().cloned().chain([kind]).collect();
                narrower.excluded_node_types = UniqueVec::new(types);
            }
        }
        let (before, after) = (answers(&rules, &nodes), answers(&narrower, &nodes));
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
    }

    #[test]
    fn setting_permissions_never_exposes_more(
        rules in random_rules(),
        tag_permissions in prop::option::of(Just(TagPermissions::nothing())),
        nodes in vec(random_node(), 40),
    ) {
        let open = Rules { tag_permissions: None, schema_permissions: None, ..rules.clone() };
        let before = answers(&open, &nodes);
        let closed = Rules {
            tag_permissions: tag_permissions.or(rules.tag_permissions.clone()),
            schema_permissions: rules.schema_permissions.clone().or(Some(SchemaPermissions::nothing())),
            ..rules
        };
        let after = answers(&closed, &nodes);
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
    }

    #[test]
    fn yaml_out_and_in_changes_no_decision(rules in random_rules(), nodes in vec(random_node(), 40)) {
        let yaml = to_yaml(&profile("ann", rules.clone(), true)).unwrap();
        let mut document: serde_yaml::Mapping = serde_yaml::from_str(&yaml).unwrap();
        for member in ["name", "is_active"] {
            document.remove(member);
        }
        let read: Rules = serde_yaml::from_value(serde_yaml::Value::Mapping(document)).unwrap();
        prop_assert_eq!(answers(&read, &nodes), answers(&rules, &nodes));
    }

    #[test]
    fn written_back_rules_expose_nothing_new(rules in random_rules(), nodes in vec(random_node(), 40)) {
        let directory = directory();
        let stored = rules.learned(&directory);
        let write_back = |stored: &Rules| {
            let mut errors = FieldErrors::new();
            let back = stored.shown(&directory).resolved(stored, &directory, &mut errors);
            assert!(errors.is_empty(), "{errors}");
            back
        };
        let back = write_back(&stored);
        let (before, after) = (answers(&stored, &nodes), answers(&back, &nodes));
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
        prop_assert_eq!(write_back(&back), back);
    }

    #[test]
    fn learned_tags_expose_nothing_new(rules in random_rules(), nodes in vec(random_node(), 40)) {
        let (before, after) = (answers(&rules, &nodes), answers(&rules.learned(&directory()), &nodes));
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
    }
}
