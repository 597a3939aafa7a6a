//! What an update is said to widen, compared with every node that could be.

use exposure_svc::domain::{Exposed, Rules, exposure::CompiledProfile};
use proptest::{prelude::*, sample::subsequence};

use crate::{
    formula::{FIELDS, every_node, with_field},
    widened::compared,
    world::random_rules,
};

/// How many kinds of nodes `after` exposes and `before` does not.
fn newly_exposed(before: &Rules, after: &Rules) -> usize {
    let (hides, exposes) = (CompiledProfile::new(before, true), CompiledProfile::new(after, true));
    let mut found = 0;
    every_node([before, after], |node| found += usize::from(exposes.exposes(node) && !hides.exposes(node)));
    found
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
    fn widening_is_exact(
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
