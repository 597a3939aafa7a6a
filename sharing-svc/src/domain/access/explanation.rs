//! Why an action is allowed or not, in words, share by share.

use types::{Id, Timestamp};

use super::{AccessSet, Action, Chain, NodeFacts, Obstacle, Resource};
use crate::domain::{Scope, Share, ShareId, UserId};

/// Why an action is allowed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision; the same as that of every other method.
    pub allowed: bool,
    /// The gist, for a person to read.
    pub reason: String,
    /// All shares that were considered, oldest first.
    pub verdicts: Vec<Verdict>,
}

/// Why a node may be read or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeReason {
    /// The decision; the same as that of every other method.
    pub allowed: bool,
    /// The gist, for a person to read.
    pub reason: String,
}

impl Explanation {
    /// The explanation where `viewer` blocked `owner`: no share is considered.
    pub fn blocked(viewer: &UserId, owner: &UserId) -> Self {
        let reason = format!("`{viewer}` blocked `{owner}`; no share of their data counts");
        Self { allowed: false, reason, verdicts: Vec::new() }
    }
}

/// Shares that a sentence names; the others are counted.
const NAMED: usize = 5;
/// Links of shares that the denials of one request are explained by.
const MAX_EXPLAINED_LINKS: usize = 50_000;

/// The verdict of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The share.
    pub share: ShareId,
    /// It allows the action on the node, or on at least one end of the relationship.
    pub allows: bool,
    /// Why or why not, for a person to read.
    pub reason: String,
    /// The reasons against it.
    obstacles: Vec<String>,
}

/// Explains whether `viewer` may do `action` to `resource` of `owner` at `now`, by the chains from owner to viewer.
pub fn explain(
    chains: &[Chain],
    viewer: &UserId,
    owner: &UserId,
    action: Action,
    resource: Resource<'_>,
    now: Timestamp,
) -> Explanation {
    let mut verdicts: Vec<_> = chains.iter().map(|chain| verdict(chain, action, resource, now)).collect();
    verdicts.sort_unstable_by_key(|verdict| verdict.share);
    if viewer == owner {
        return Explanation { allowed: true, reason: own_words(owner), verdicts };
    }
    let uncovered: Vec<_> =
        ends(resource).filter(|(_, node)| !chains.iter().any(|chain| chain.allows(action, *node, now))).collect();
    let allowed = uncovered.is_empty();
    let reason = if allowed {
        let allowing: Vec<_> = verdicts.iter().filter(|verdict| verdict.allows).map(|verdict| verdict.share).collect();
        allowed_words(viewer, action, &allowing)
    } else {
        let missing: Vec<_> = uncovered.iter().map(|(end, _)| *end).collect();
        refused(&verdicts, viewer, owner, action, &missing)
    };
    Explanation { allowed, reason, verdicts }
}

/// Explains for each of `nodes` of `owner` whether `viewer` may read it at `now`: the gist alone. Of many nodes with many shares, not every
/// denial names the share that comes nearest.
pub fn explain_nodes(
    chains: &[Chain],
    viewer: &UserId,
    owner: &UserId,
    nodes: &[NodeFacts<'_>],
    now: Timestamp,
) -> Vec<NodeReason> {
    if viewer == owner {
        let own = || NodeReason { allowed: true, reason: own_words(owner) };
        return nodes.iter().map(|_| own()).collect();
    }
    let set = AccessSet::new(chains);
    let links: usize = chains.iter().map(|chain| chain.links().count()).sum();
    let mut work_left = MAX_EXPLAINED_LINKS;
    let explain_one = |node: &NodeFacts<'_>| {
        let resource = Resource::Node(*node);
        let allowing = set.allowing(Action::Read, resource, now);
        if !allowing.is_empty() {
            return NodeReason { allowed: true, reason: allowed_words(viewer, Action::Read, &allowing) };
        }
        let reason = match work_left.checked_sub(links) {
            Some(left) => {
                work_left = left;
                explain(chains, viewer, owner, Action::Read, resource, now).reason
            }
            None => format!("no share lets `{viewer}` read the node"),
        };
        NodeReason { allowed: false, reason }
    };
    nodes.iter().map(explain_one).collect()
}

fn own_words(owner: &UserId) -> String {
    format!("the nodes are `{owner}`'s own")
}

/// The gist of a yes.
fn allowed_words(viewer: &UserId, action: Action, allowing: &[ShareId]) -> String {
    let mut named: Vec<_> = allowing.iter().take(NAMED).map(|share| format!("`{share}`")).collect();
    if allowing.len() > NAMED {
        named.push(format!("{} more", allowing.len() - NAMED));
    }
    let shares = if allowing.len() == 1 { "share" } else { "shares" };
    format!("`{viewer}` may {} it by {shares} {}", action.verb(), named.join(" and "))
}

/// The gist of a no, with the share that came nearest to a yes.
fn refused(verdicts: &[Verdict], viewer: &UserId, owner: &UserId, action: Action, missing: &[&str]) -> String {
    let Some(nearest) = verdicts.iter().min_by_key(|verdict| verdict.obstacles.len()) else {
        return format!("`{owner}` shares nothing with `{viewer}`");
    };
    let Verdict { share, obstacles, .. } = nearest;
    let near = if obstacles.len() == 1 { "would allow it, but" } else { "comes nearest, but" };
    let (verb, what, why) = (action.verb(), missing.join(" and "), obstacles.join(" and "));
    format!("no share lets `{viewer}` {verb} {what}; share `{share}` {near} {why}")
}

fn verdict(chain: &Chain, action: Action, resource: Resource<'_>, now: Timestamp) -> Verdict {
    let mut covered: Vec<String> = Vec::new();
    let mut obstacles: Vec<String> = Vec::new();
    for (end, node) in ends(resource) {
        let mut covers = true;
        for (link, obstacle) in chain.obstacles(action, node, now) {
            covers = false;
            let words = obstacle.words(action, end, chain.share(), link);
            // Errors of the share itself are the same for both ends.
            obstacles.extend(words.filter(|words| !obstacles.contains(words)));
        }
        if covers {
            covered.push(format!("covers {end} {}", hold(&chain.share().terms.scope, node)));
        }
    }
    let allows = !covered.is_empty();
    let reason = covered.iter().chain(&obstacles).map(String::as_str).collect::<Vec<_>>().join("; ");
    Verdict { share: chain.share().id, allows, reason, obstacles }
}

/// The nodes that must be covered, and their names.
fn ends(resource: Resource<'_>) -> impl Iterator<Item = (&'static str, NodeFacts<'_>)> {
    let names: &[&str] = match resource {
        Resource::Node(_) => &["the node"],
        Resource::Relationship { .. } => &["the source", "the target"],
    };
    names.iter().copied().zip(resource.nodes())
}

/// By what a scope covers a node that it covers.
fn hold(scope: &Scope, node: NodeFacts<'_>) -> String {
    let reached = |root: &&str| *root == node.id || node.graph_root_ids.iter().any(|from| from == root);
    match scope {
        Scope::All => "as it covers every node".to_owned(),
        Scope::Tags(tags) => {
            let common = tags.iter().find(|tag| node.tag_ids.iter().any(|held| held == tag.as_str()));
            format!("by the tag `{}`", common.map_or("", |tag| tag.as_str()))
        }
        Scope::Nodes(_) => "by its id".to_owned(),
        Scope::Graph(roots) => {
            let root = roots.iter().map(Id::as_str).find(reached).unwrap_or_default();
            if root == node.id { "as a root".to_owned() } else { format!("as reachable from the root `{root}`") }
        }
    }
}

impl Obstacle {
    /// What it is, said of `link` of the chain of `share`; `None`: it has been said of `share` itself.
    fn words(self, action: Action, end: &str, share: &Share, link: &Share) -> Option<String> {
        let what = match self {
            Self::Revoked(at) => format!("was revoked on {at}"),
            Self::Expired(at) => format!("expired on {at}"),
            Self::NotGranted => format!("does not grant `{}`", action.flag()),
            Self::NotReshareable => "may no longer be re-shared (no `can_share`)".to_owned(),
            Self::NotCovered => match &link.terms.scope {
                // A scope of everything covers everything.
                Scope::All => format!("does not cover {end}"),
                Scope::Tags(_) => format!("has no tag in common with {end}"),
                Scope::Nodes(_) => format!("does not name {end}"),
                Scope::Graph(_) => format!("has no root from which {end} is reachable"),
            },
        };
        if link.id == share.id {
            Some(what)
        } else if matches!(self, Self::Revoked(_)) && share.revoked_at.is_some() {
            None
        } else {
            Some(format!("share `{}` above it {what}", link.id))
        }
    }
}
