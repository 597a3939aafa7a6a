//! Who can act on a node.

use std::collections::BTreeMap;

use vocabulary::Instant;

use super::{Action, Chain, NodeFacts};
use crate::domain::{ShareId, UserId};

/// Somebody who can act on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who.
    pub user: UserId,
    /// What they can do; not empty.
    pub actions: Vec<Action>,
    /// The shares that say so, oldest first.
    pub shares: Vec<ShareId>,
}

/// Everyone to whom one of `chains`, all of one owner, lets `node` be acted on at `now`, in the order of their ids.
pub fn viewers(chains: &[Chain], node: NodeFacts<'_>, now: Instant) -> Vec<Viewer> {
    let mut viewers: BTreeMap<&UserId, Viewer> = BTreeMap::new();
    for chain in chains {
        let actions = Action::ALL.into_iter().filter(|action| chain.allows(*action, node, now));
        for action in actions {
            let share = chain.share();
            let viewer = viewers.entry(&share.recipient).or_insert_with(|| Viewer {
                user: share.recipient.clone(),
                actions: Vec::new(),
                shares: Vec::new(),
            });
            viewer.actions.push(action);
            viewer.shares.push(share.id);
        }
    }
    let mut viewers: Vec<_> = viewers.into_values().collect();
    for viewer in &mut viewers {
        viewer.actions.sort_unstable();
        viewer.actions.dedup();
        viewer.shares.sort_unstable();
        viewer.shares.dedup();
    }
    viewers
}
