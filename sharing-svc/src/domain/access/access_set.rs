//! All chains between two people, indexed once for many decisions.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use types::Timestamp;

use super::{
    AccessFilter, Action, Chain, Clause, NodeFacts, Resource, Selection,
    selected::{Selected, Slots},
};
use crate::domain::{Scope, ShareId};

/// What one person's shares let another do, compiled: ids become small numbers, what a link above adds nothing to is
/// dropped, and a node finds the shares that name it instead of being held against each. A question allocates nothing for
/// a node of up to 32 tags and roots.
#[derive(Clone, Debug, Default)]
pub struct AccessSet {
    tags: Names,
    nodes: Names,
    grants: Vec<Grant>,
    /// Of grants that select every node.
    everywhere: Vec<usize>,
    /// Of grants, by the tags, the nodes and the roots that their narrowest selection names.
    by_tag: Vec<Vec<usize>>,
    by_node: Vec<Vec<usize>>,
    by_root: Vec<Vec<usize>>,
}

/// The grant of one chain.
#[derive(Clone, Debug)]
struct Grant {
    share: ShareId,
    /// By the order of [`Action::ALL`].
    actions: [bool; 4],
    until: Option<Timestamp>,
    /// All of them must hold; none: every node is selected.
    selections: Vec<Arc<Selected>>,
}

/// Ids, each with a number of its own.
#[derive(Clone, Debug, Default)]
struct Names {
    slots: HashMap<String, u32>,
    names: Vec<String>,
}

impl AccessSet {
    /// Compiles chains from one owner to one viewer. A chain that can never count again, because a link is revoked or grants
    /// nothing that may be re-shared, leaves no trace.
    pub fn new(chains: &[Chain]) -> Self {
        let mut set = Self::default();
        let mut compiled: HashMap<ShareId, Option<Arc<Selected>>> = HashMap::new();
        for chain in chains {
            let actions = Action::ALL.map(|action| chain.grants(action));
            if actions == [false; 4] {
                continue;
            }
            let mut selections: Vec<Arc<Selected>> = Vec::new();
            for link in chain.links() {
                let selected =
                    compiled.entry(link.id).or_insert_with(|| set.select(&link.terms.scope).map(Arc::new)).clone();
                let Some(selected) = selected else { continue };
                if selections.iter().any(|below| below.is_within(&selected)) {
                    continue;
                }
                selections.retain(|below| !selected.is_within(below));
                selections.push(selected);
            }
            set.add(Grant { share: chain.share().id, actions, until: chain.until(), selections });
        }
        set
    }

    /// Whether `action` on `resource` is allowed at `now`.
    pub fn allows(&self, action: Action, resource: Resource<'_>, now: Timestamp) -> bool {
        resource.nodes().all(|node| {
            let slots = self.slots(node);
            self.candidates(&slots).any(|grant| grant.holds(action, now) && grant.covers(&slots))
        })
    }

    /// The shares that allow `action` on `resource` at `now`, oldest first; none: denied.
    pub fn allowing(&self, action: Action, resource: Resource<'_>, now: Timestamp) -> Vec<ShareId> {
        let mut allowing = HashSet::new();
        for node in resource.nodes() {
            let slots = self.slots(node);
            let covering = self.candidates(&slots).filter(|grant| grant.holds(action, now) && grant.covers(&slots));
            let mut covering = covering.map(|grant| grant.share).peekable();
            if covering.peek().is_none() {
                return Vec::new();
            }
            allowing.extend(covering);
        }
        let mut allowing: Vec<_> = allowing.into_iter().collect();
        allowing.sort_unstable();
        allowing
    }

    /// The filter for the nodes on which `action` is allowed at `now`.
    pub fn filter(&self, action: Action, now: Timestamp) -> AccessFilter {
        let holding = || self.grants.iter().filter(|grant| grant.holds(action, now));
        let mut everywhere = holding().filter(|grant| grant.selections.is_empty()).map(|grant| grant.until);
        if let Some(first) = everywhere.next() {
            // True until the last of those that select everything ends.
            let until = everywhere.fold(first, |one, other| one.zip(other).map(|(one, other)| one.max(other)));
            return AccessFilter::everything(until);
        }
        // Equal clauses are merged, and hold until the last of them ends.
        let mut places: HashMap<Vec<&Selected>, usize> = HashMap::new();
        let mut distinct: Vec<(&Grant, Option<Timestamp>)> = Vec::new();
        for grant in holding() {
            let mut selections: Vec<&Selected> = grant.selections.iter().map(|selected| &**selected).collect();
            selections.sort_unstable();
            let place = *places.entry(selections).or_insert(distinct.len());
            match distinct.get_mut(place) {
                Some((_, until)) => *until = until.zip(grant.until).map(|(one, other)| one.max(other)),
                None => distinct.push((grant, grant.until)),
            }
        }
        let valid_until = distinct.iter().filter_map(|(_, until)| *until).min();
        let clauses = distinct.iter().map(|(grant, _)| Clause {
            share: grant.share,
            all_of: grant.selections.iter().map(|selected| self.selection(selected)).collect(),
        });
        AccessFilter::any_of(clauses.collect(), valid_until)
    }

    fn selection(&self, selected: &Selected) -> Selection {
        let names = |names: &Names, slots: &[u32]| -> Vec<String> {
            slots.iter().filter_map(|slot| names.names.get(*slot as usize).cloned()).collect()
        };
        match selected {
            Selected::Tags(slots) => Selection::Tags(names(&self.tags, slots)),
            Selected::Nodes(slots) => Selection::Nodes(names(&self.nodes, slots)),
            Selected::Graph(slots) => Selection::GraphRoots(names(&self.nodes, slots)),
        }
    }

    /// `None`: every node is selected.
    fn select(&mut self, scope: &Scope) -> Option<Selected> {
        let sorted = |mut slots: Vec<u32>| {
            slots.sort_unstable();
            slots.into_boxed_slice()
        };
        match scope {
            Scope::All => None,
            Scope::Tags(tags) => {
                Some(Selected::Tags(sorted(tags.iter().map(|tag| self.tags.intern(tag.as_str())).collect())))
            }
            Scope::Nodes(nodes) => {
                Some(Selected::Nodes(sorted(nodes.iter().map(|node| self.nodes.intern(node.as_str())).collect())))
            }
            Scope::Graph(roots) => {
                Some(Selected::Graph(sorted(roots.iter().map(|root| self.nodes.intern(root.as_str())).collect())))
            }
        }
    }

    fn add(&mut self, grant: Grant) {
        let index = self.grants.len();
        match grant.selections.iter().min_by_key(|selected| selected.slots().len()).map(|selected| &**selected) {
            None => self.everywhere.push(index),
            Some(Selected::Tags(slots)) => post(&mut self.by_tag, slots, index),
            Some(Selected::Nodes(slots)) => post(&mut self.by_node, slots, index),
            Some(Selected::Graph(slots)) => {
                post(&mut self.by_node, slots, index);
                post(&mut self.by_root, slots, index);
            }
        }
        self.grants.push(grant);
    }

    fn slots(&self, node: NodeFacts<'_>) -> Slots {
        let mut slots = Slots::of(self.nodes.slot(node.id));
        if !self.by_tag.is_empty() || !self.tags.names.is_empty() {
            node.tag_ids.iter().filter_map(|tag| self.tags.slot(tag)).for_each(|slot| slots.add_tag(slot));
        }
        if !self.nodes.names.is_empty() {
            node.graph_root_ids.iter().filter_map(|root| self.nodes.slot(root)).for_each(|slot| slots.add_root(slot));
        }
        slots
    }

    /// The grants that may cover a node; duplicates are possible.
    fn candidates<'a>(&'a self, slots: &'a Slots) -> impl Iterator<Item = &'a Grant> {
        let posted = |lists: &'a [Vec<usize>], slot: u32| lists.get(slot as usize).map_or(&[][..], Vec::as_slice);
        let by_tag = slots.tags().iter().flat_map(move |slot| posted(&self.by_tag, *slot));
        let by_node = slots.node().into_iter().flat_map(move |slot| posted(&self.by_node, slot));
        let by_root = slots.roots().iter().flat_map(move |slot| posted(&self.by_root, *slot));
        let indices = self.everywhere.iter().chain(by_node).chain(by_tag).chain(by_root);
        indices.filter_map(|index| self.grants.get(*index))
    }
}

impl Grant {
    fn holds(&self, action: Action, now: Timestamp) -> bool {
        let granted = match (action, self.actions) {
            (Action::Read, [granted, ..])
            | (Action::Write, [_, granted, ..])
            | (Action::Delete, [_, _, granted, _])
            | (Action::Share, [.., granted]) => granted,
        };
        granted && self.until.is_none_or(|end| end > now)
    }

    fn covers(&self, slots: &Slots) -> bool {
        self.selections.iter().all(|selected| selected.covers(slots))
    }
}

impl Names {
    fn intern(&mut self, name: &str) -> u32 {
        if let Some(slot) = self.slots.get(name) {
            return *slot;
        }
        // The number of ids in a store fits.
        let slot = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(name.to_owned());
        self.slots.insert(name.to_owned(), slot);
        slot
    }

    fn slot(&self, name: &str) -> Option<u32> {
        self.slots.get(name).copied()
    }
}

fn post(lists: &mut Vec<Vec<usize>>, slots: &[u32], index: usize) {
    for slot in slots {
        let slot = *slot as usize;
        if lists.len() <= slot {
            lists.resize_with(slot + 1, Vec::new);
        }
        if let Some(list) = lists.get_mut(slot) {
            list.push(index);
        }
    }
}
