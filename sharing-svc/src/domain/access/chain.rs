//! A share with all shares above it: what they allow together, link by link.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use types::Timestamp;

use super::{Action, NodeFacts};
use crate::domain::{MAX_CHAIN, Scope, Share, ShareId};

/// Number of id comparisons above which a set is built.
const MANY: usize = 1_024;

/// A share and its ancestors, the owner's own share last. A re-share is effective only as far as
/// every link above it is, at that moment.
#[derive(Clone, Debug)]
pub struct Chain {
    share: Arc<Share>,
    above: Vec<Arc<Share>>,
}

/// A share on a chain is missing or does not fit there: the store holds what no operation writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BrokenChain {
    /// The share of the chain.
    pub share: ShareId,
}

/// Why a link of a chain denies an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It was revoked then.
    Revoked(Timestamp),
    /// It expired then.
    Expired(Timestamp),
    /// It does not grant the action.
    NotGranted,
    /// It may not be re-shared.
    NotReshareable,
    /// It does not cover the node.
    NotCovered,
}

/// The chains of `leaves`; the other links are among `others`.
pub fn chains(leaves: Vec<Share>, others: Vec<Share>) -> Result<Vec<Chain>, BrokenChain> {
    let leaves: Vec<_> = leaves.into_iter().map(Arc::new).collect();
    let links: HashMap<ShareId, Arc<Share>> =
        leaves.iter().cloned().chain(others.into_iter().map(Arc::new)).map(|share| (share.id, share)).collect();
    leaves.into_iter().map(|share| Chain::of(share, &links)).collect()
}

impl Chain {
    fn of(share: Arc<Share>, links: &HashMap<ShareId, Arc<Share>>) -> Result<Self, BrokenChain> {
        let broken = BrokenChain { share: share.id };
        let mut above = Vec::with_capacity(share.ancestors().len());
        if share.depth() > MAX_CHAIN {
            return Err(broken);
        }
        // From the parent upwards, each with the ancestors that it must have.
        let mut ancestors = share.ancestors();
        while let Some((parent, higher)) = ancestors.split_last() {
            let link = links.get(parent).filter(|link| link.ancestors() == higher && link.owner == share.owner);
            above.push(link.ok_or(broken)?.clone());
            ancestors = higher;
        }
        Ok(Self { share, above })
    }

    /// A share that its owner created, or that follows from a follow: nothing is above it.
    pub fn single(share: Share) -> Self {
        Self { share: Arc::new(share), above: Vec::new() }
    }

    /// The chain of a share that was re-shared from this one.
    #[must_use]
    pub fn child(&self, share: Share) -> Self {
        let above = std::iter::once(&self.share).chain(&self.above).cloned().collect();
        Self { share: Arc::new(share), above }
    }

    /// The same chain, with the share itself changed.
    #[must_use]
    pub fn with_share(&self, share: Share) -> Self {
        Self { share: Arc::new(share), above: self.above.clone() }
    }

    /// The shares above it, from its parent up to the owner's own share.
    pub fn above(&self) -> impl Iterator<Item = &Share> {
        self.above.iter().map(|link| &**link)
    }

    /// The share itself.
    pub fn share(&self) -> &Share {
        &self.share
    }

    /// The share itself and those above it.
    pub fn links(&self) -> impl Iterator<Item = &Share> {
        std::iter::once(&*self.share).chain(self.above.iter().map(|link| &**link))
    }

    /// Whether no link of it was revoked, and every one grants `action` and allows re-sharing.
    pub fn grants(&self, action: Action) -> bool {
        let unrevoked = self.links().all(|link| link.revoked_at.is_none());
        let granted = self.links().all(|link| action.is_granted_by(link.terms.rights));
        unrevoked && granted && self.above.iter().all(|link| link.terms.rights.share)
    }

    /// Its earliest expiry; `None`: never.
    pub fn until(&self) -> Option<Timestamp> {
        self.links().filter_map(|link| link.terms.expires_at).min()
    }

    /// Whether a node may exist that every link covers: only lists of nodes can exclude each other.
    pub fn selects_something(&self) -> bool {
        let mut lists = self.links().filter_map(|link| match &link.terms.scope {
            Scope::Nodes(nodes) => Some(nodes.iter().collect::<HashSet<_>>()),
            Scope::All | Scope::Tags(_) | Scope::Graph(_) => None,
        });
        let Some(mut common) = lists.next() else { return true };
        for list in lists {
            common.retain(|node| list.contains(node));
        }
        !common.is_empty()
    }

    /// Whether it allows its recipient `action` on any node at `now`.
    pub fn allows_on_some_node(&self, action: Action, now: Timestamp) -> bool {
        self.grants(action) && self.until().is_none_or(|end| end > now) && self.selects_something()
    }

    /// Whether it allows its recipient `action` on `node` at `now`.
    pub fn allows(&self, action: Action, node: NodeFacts<'_>, now: Timestamp) -> bool {
        self.grants(action)
            && self.until().is_none_or(|end| end > now)
            && self.links().all(|link| link.terms.scope.covers(node))
    }

    /// All reasons that deny `action`, link by link, beginning with the share itself.
    pub fn obstacles(
        &self,
        action: Action,
        node: NodeFacts<'_>,
        now: Timestamp,
    ) -> impl Iterator<Item = (&Share, Obstacle)> {
        self.links().enumerate().flat_map(move |(place, link)| {
            let terms = &link.terms;
            let found = [
                link.revoked_at.map(Obstacle::Revoked),
                terms.expires_at.filter(|end| *end <= now).map(Obstacle::Expired),
                (!action.is_granted_by(terms.rights)).then_some(Obstacle::NotGranted),
                // For the action `share`, `NotGranted` reports it already.
                (place > 0 && action != Action::Share && !terms.rights.share).then_some(Obstacle::NotReshareable),
                (!terms.scope.covers(node)).then_some(Obstacle::NotCovered),
            ];
            found.into_iter().flatten().map(move |obstacle| (link, obstacle))
        })
    }
}

impl Scope {
    /// Whether it covers a node.
    pub fn covers(&self, node: NodeFacts<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Tags(tags) if tags.len() * node.tag_ids.len() > MANY => {
                let held: HashSet<_> = node.tag_ids.iter().map(String::as_str).collect();
                tags.iter().any(|tag| held.contains(tag.as_str()))
            }
            Self::Tags(tags) => tags.iter().any(|tag| node.tag_ids.iter().any(|held| held == tag.as_str())),
            Self::Nodes(nodes) => nodes.iter().any(|covered| covered.as_str() == node.id),
            Self::Graph(roots) if roots.len() * node.graph_root_ids.len() > MANY => {
                let from: HashSet<_> = node.graph_root_ids.iter().map(String::as_str).chain([node.id]).collect();
                roots.iter().any(|root| from.contains(root.as_str()))
            }
            Self::Graph(roots) => roots
                .iter()
                .any(|root| root.as_str() == node.id || node.graph_root_ids.iter().any(|from| from == root.as_str())),
        }
    }
}

impl std::fmt::Display for BrokenChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the chain of share {} is broken", self.share)
    }
}

impl std::error::Error for BrokenChain {}
