//! Other engines with the same rules in their own languages make the same decisions: 20,000 and more random decisions each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[allow(dead_code, reason = "shared with the tests of the service")]
#[path = "../../exposure-svc/tests/it/world.rs"]
mod exposure_world;
#[allow(dead_code, reason = "shared with the tests of the service")]
#[path = "../../sharing-svc/tests/it/world.rs"]
mod sharing_world;

use conformance::{
    cedar::{Cedar, Question},
    rego::{self, Rego},
};
use exposure_svc::domain::exposure::CompiledProfile;
use proptest::{collection::vec, prelude::*};
use sharing_svc::domain::access::{AccessSet, Action, Resource};

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// 2,000 profiles by 12 nodes: 24,000 decisions of each engine.
    #[test]
    fn exposure(rules in exposure_world::random_rules(), nodes in vec(exposure_world::random_node(), 12)) {
        let ours = CompiledProfile::new(&rules, true);
        let cedar = Cedar::of_profile(&rules);
        let mut rego = Rego::of_profile(&rules);
        for node in &nodes {
            node.with_facts(|facts| {
                let exposed = ours.exposes(facts);
                prop_assert_eq!(cedar.allows(&Question::of_node(facts)), exposed, "Cedar");
                prop_assert_eq!(rego.allows(rego::node(facts)), exposed, "Rego");
                Ok(())
            })?;
        }
    }

    /// 2,000 histories by 3 nodes by 4 actions for one viewer each: 24,000 decisions of each engine.
    #[test]
    fn sharing(
        made in sharing_world::random_shares(),
        viewer in 1..4_usize,
        nodes in vec(sharing_world::random_node(), 3),
    ) {
        let made = sharing_world::shares(&made, "");
        let now = sharing_world::day_of(10);
        let users = sharing_world::USERS;
        let chains = sharing_world::chains_between(&made, users[0], users[viewer]);
        let ours = AccessSet::new(&chains);
        let mut rego = Rego::of_chains(&chains);
        for action in Action::ALL {
            let cedar = Cedar::of_chains(&chains, action, now);
            for node in &nodes {
                let allowed = ours.allows(action, Resource::Node(node.facts()), now);
                prop_assert_eq!(cedar.allows(&Question::of_shared(node.facts())), allowed, "Cedar");
                prop_assert_eq!(rego.allows(rego::shared(node.facts(), action, now)), allowed, "Rego");
            }
        }
    }
}
