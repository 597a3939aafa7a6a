//! The viewers of a node.

use std::collections::{BTreeMap, BTreeSet};

use types::Timestamp;

use super::{AccessSet, Action, Chain, NodeFacts, Resource};
use crate::domain::{ShareId, UserId};

/// A person who can act on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// The person.
    pub user: UserId,
    /// Their actions; not empty.
    pub actions: Vec<Action>,
    /// The shares that allow them, oldest first.
    pub shares: Vec<ShareId>,
}

/// Everyone to whom one of `chains`, all of one owner, allows an action on `node` at `now`, sorted by id.
pub fn viewers(chains: &[Chain], node: NodeFacts<'_>, now: Timestamp) -> Vec<Viewer> {
    let mut of_viewer: BTreeMap<&UserId, Vec<Chain>> = BTreeMap::new();
    for chain in chains {
        of_viewer.entry(&chain.share().recipient).or_default().push(chain.clone());
    }
    let mut viewers = Vec::new();
    for (user, chains) in of_viewer {
        let set = AccessSet::new(&chains);
        let mut actions = Vec::new();
        let mut shares = BTreeSet::new();
        for action in Action::ALL {
            let allowing = set.allowing(action, Resource::Node(node), now);
            if !allowing.is_empty() {
                actions.push(action);
                shares.extend(allowing);
            }
        }
        if !actions.is_empty() {
            viewers.push(Viewer { user: user.clone(), actions, shares: shares.into_iter().collect() });
        }
    }
    viewers
}
