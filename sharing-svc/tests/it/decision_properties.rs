//! What holds of every decision, over worlds made up at random. However a question is asked, it has one answer; and nothing that narrows ever widens.

use proptest::{collection::vec, prelude::*, sample::Index};
use sharing_svc::domain::{
    Scope, Share,
    access::{AccessSet, Action, Chain, Resource, explain, owners, recipients, viewers},
};
use types::{Id, Timestamp};

use crate::world::{CaseNode, CaseShare, USERS, chains_between, day_of, random_node, random_shares, shares};

const NOW: i64 = 10;

/// Every answer about these nodes, and about the edges between neighbours in the list.
fn answers(shares: &[Share], nodes: &[CaseNode], now: Timestamp) -> Vec<bool> {
    let mut answers = Vec::new();
    for viewer in &USERS[1..] {
        let set = AccessSet::new(&chains_between(shares, USERS[0], viewer));
        for action in Action::ALL {
            answers.extend(nodes.iter().map(|node| set.allows(action, Resource::Node(node.facts()), now)));
            answers.extend(edges(nodes).map(|edge| set.allows(action, edge, now)));
        }
    }
    answers
}

fn edges(nodes: &[CaseNode]) -> impl Iterator<Item = Resource<'_>> {
    nodes.windows(2).map(|pair| Resource::Relationship { source: pair[0].facts(), target: pair[1].facts() })
}

/// Nodes of which the links of a chain select one, if they select any: each id that a link names, with every tag and root.
fn witnesses(chain: &Chain) -> Vec<CaseNode> {
    let (mut ids, mut tag_ids, mut graph_root_ids) = (vec!["n".to_owned()], Vec::new(), Vec::new());
    for link in chain.links() {
        match &link.terms.scope {
            Scope::All => {}
            Scope::Tags(tags) => tag_ids.extend(tags.iter().map(ToString::to_string)),
            Scope::Nodes(nodes) => ids.extend(nodes.iter().map(ToString::to_string)),
            Scope::Graph(roots) => graph_root_ids.extend(roots.iter().map(ToString::to_string)),
        }
    }
    let node = |id| CaseNode { id, tag_ids: tag_ids.clone(), graph_root_ids: graph_root_ids.clone() };
    ids.into_iter().map(node).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Each world asks 3 viewers × 4 actions × (24 nodes + 23 edges) questions: 169,200 in all.
    #[test]
    fn all_methods_decide_alike(
        made in random_shares(),
        nodes in vec(random_node(), 24),
    ) {
        let made = shares(&made, "");
        let now = day_of(NOW);
        let owner = Id::parse(USERS[0]).unwrap();
        for viewer in &USERS[1..] {
            let chains = chains_between(&made, USERS[0], viewer);
            let set = AccessSet::new(&chains);
            let viewer_id = Id::parse(*viewer).unwrap();
            for action in Action::ALL {
                let filter = set.filter(action, now);
                for node in nodes.iter().map(CaseNode::facts) {
                    let resource = Resource::Node(node);
                    let allowed = set.allows(action, resource, now);
                    let by_chains = chains.iter().any(|chain| chain.allows(action, node, now));
                    let allowing = set.allowing(action, resource, now);
                    let explained = explain(&chains, &viewer_id, &owner, action, resource, now);
                    let listed = viewers(&chains, node, now);
                    let listed = listed.first().filter(|viewer| viewer.actions.contains(&action));
                    prop_assert_eq!(by_chains, allowed);
                    prop_assert_eq!(filter.lets_through(node), allowed);
                    prop_assert_eq!(explained.allowed, allowed);
                    prop_assert_eq!(listed.is_some(), allowed);
                    prop_assert_eq!(!allowing.is_empty(), allowed);
                    let verdicts = explained.verdicts.iter().filter(|verdict| verdict.allows);
                    prop_assert_eq!(verdicts.map(|verdict| verdict.share).collect::<Vec<_>>(), allowing);
                }
                for edge in edges(&nodes) {
                    let ends: Vec<_> = edge.nodes().map(|node| filter.lets_through(node)).collect();
                    let allowed = set.allows(action, edge, now);
                    prop_assert_eq!(allowed, ends == [true, true]);
                    prop_assert_eq!(explain(&chains, &viewer_id, &owner, action, edge, now).allowed, allowed);
                    prop_assert_eq!(set.allowing(action, edge, now).is_empty(), !allowed);
                }
            }
        }
    }

    #[test]
    fn people_are_those_whom_a_share_allows_something(
        made in random_shares(),
        nodes in vec(random_node(), 24),
    ) {
        let made = shares(&made, "");
        let now = day_of(NOW);
        let chains: Vec<_> = USERS[1..].iter().flat_map(|viewer| chains_between(&made, USERS[0], viewer)).collect();
        let people = recipients(chains, now);
        for viewer in &USERS[1..] {
            let chains = chains_between(&made, USERS[0], viewer);
            let set = AccessSet::new(&chains);
            let person = people.iter().find(|person| person.user.as_str() == *viewer);
            for action in Action::ALL {
                let is_listed = person.is_some_and(|person| person.actions.contains(&action));
                let is_allowed = |node: &CaseNode| set.allows(action, Resource::Node(node.facts()), now);
                prop_assert!(is_listed || !nodes.iter().any(is_allowed), "{} may {:?}", viewer, action);
                // A node that has whatever its links select shows that the action is possible.
                let witness = chains.iter().flat_map(witnesses).find(|node| is_allowed(node));
                prop_assert_eq!(is_listed, witness.is_some(), "{} {:?}", viewer, action);
                // Each share of the list allows something by itself.
                let listed = person.into_iter().flat_map(|person| &person.chains);
                for chain in listed {
                    let allows = |node: &CaseNode| Action::ALL.iter().any(|action| chain.allows(*action, node.facts(), now));
                    prop_assert!(witnesses(chain).iter().any(allows));
                }
            }
            let owners = owners(chains, &Action::ALL, now);
            prop_assert_eq!(owners.len(), usize::from(person.is_some()), "the same from the other side");
        }
    }

    #[test]
    fn filter_holds_until_valid_until(
        made in random_shares(),
        nodes in vec(random_node(), 8),
    ) {
        let made = shares(&made, "");
        for viewer in &USERS[1..] {
            let set = AccessSet::new(&chains_between(&made, USERS[0], viewer));
            for action in Action::ALL {
                let filter = set.filter(action, day_of(NOW));
                for day in NOW..16 {
                    if filter.valid_until.is_some_and(|end| end <= day_of(day)) {
                        prop_assert_ne!(&set.filter(action, day_of(day)).nodes, &filter.nodes);
                        break;
                    }
                    for node in nodes.iter().map(CaseNode::facts) {
                        let allowed = set.allows(action, Resource::Node(node), day_of(day));
                        prop_assert_eq!(filter.lets_through(node), allowed);
                    }
                }
            }
        }
    }

    #[test]
    fn more_shares_never_allow_less(
        made in random_shares(),
        another in random_shares(),
        nodes in vec(random_node(), 8),
    ) {
        let before = answers(&shares(&made, ""), &nodes, day_of(NOW));
        let another = another.into_iter().map(|share| CaseShare {
            id: format!("another-{}", share.id),
            parent_share_id: share.parent_share_id.map(|parent| format!("another-{parent}")),
            ..share
        });
        let after = answers(&shares(&made.into_iter().chain(another).collect::<Vec<_>>(), ""), &nodes, day_of(NOW));
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *after || !before));
    }

    #[test]
    fn narrowing_a_share_never_allows_more(
        made in random_shares(),
        which in any::<Index>(),
        how in 0..7_usize,
        nodes in vec(random_node(), 8),
    ) {
        prop_assume!(!made.is_empty());
        let before = answers(&shares(&made, ""), &nodes, day_of(NOW));
        let mut narrowed = made;
        let which = which.index(narrowed.len());
        let share = &mut narrowed[which];
        match how {
            0 => share.can_read = false,
            1 => share.can_write = false,
            2 => share.can_delete = false,
            3 => share.can_share = false,
            4 => share.expires_at = Some(day_of(NOW).utc()),
            5 => share.revoked_at = Some(day_of(NOW).utc()),
            _ => {
                share.tag_ids.truncate(share.tag_ids.len().max(2) - 1);
                share.node_ids.truncate(share.node_ids.len().max(2) - 1);
            }
        }
        let after = answers(&shares(&narrowed, ""), &nodes, day_of(NOW));
        prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
    }

    #[test]
    fn reshare_never_allows_more_than_its_parent(
        made in random_shares(),
        nodes in vec(random_node(), 8),
    ) {
        let made = shares(&made, "");
        let all = sharing_svc::domain::access::chains(made.clone(), Vec::new()).unwrap();
        for child in &all {
            let Some(parent) = child.share().parent() else { continue };
            let parent = all.iter().find(|chain| chain.share().id == parent).unwrap();
            for node in nodes.iter().map(CaseNode::facts) {
                for action in Action::ALL {
                    let child = child.allows(action, node, day_of(NOW));
                    let above = parent.allows(action, node, day_of(NOW));
                    let passable = parent.share().terms.rights.share;
                    prop_assert!(!child || (above && passable));
                }
            }
        }
    }
}
