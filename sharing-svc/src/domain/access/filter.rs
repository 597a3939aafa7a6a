//! A decision as a predicate, for a store to push into its query.

use types::Timestamp;

use super::NodeFacts;
use crate::domain::ShareId;

/// Which nodes of an owner a viewer may act on: a filter for a query, so that a list needs no check per node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessFilter {
    /// Which nodes.
    pub nodes: FilteredNodes,
    /// The next expiry; `None`: no expiry ends it.
    pub valid_until: Option<Timestamp>,
}

/// The nodes that a filter selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilteredNodes {
    /// Every one.
    Everything,
    /// None.
    Nothing,
    /// Those that any clause selects.
    AnyOf(Vec<Clause>),
}

/// The selection of one share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// The share.
    pub share: ShareId,
    /// Its own selection and the narrower ones of the shares above it; all must hold. Never empty.
    pub all_of: Vec<Selection>,
}

/// Nodes that one link of a chain selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Nodes with any of these tags.
    Tags(Vec<String>),
    /// These nodes.
    Nodes(Vec<String>),
    /// These roots, and all nodes reachable from them.
    GraphRoots(Vec<String>),
}

impl AccessFilter {
    pub(super) fn everything(valid_until: Option<Timestamp>) -> Self {
        Self { nodes: FilteredNodes::Everything, valid_until }
    }

    pub(super) fn any_of(clauses: Vec<Clause>, valid_until: Option<Timestamp>) -> Self {
        let nodes = if clauses.is_empty() { FilteredNodes::Nothing } else { FilteredNodes::AnyOf(clauses) };
        Self { nodes, valid_until }
    }

    /// The filter of an owner on their own nodes.
    pub fn of_owner() -> Self {
        Self::everything(None)
    }

    /// How many ids it names.
    pub fn ids(&self) -> usize {
        match &self.nodes {
            FilteredNodes::Everything | FilteredNodes::Nothing => 0,
            FilteredNodes::AnyOf(clauses) => {
                clauses.iter().flat_map(|clause| &clause.all_of).map(|selection| selection.ids().len()).sum()
            }
        }
    }

    /// Whether it selects `node`.
    pub fn lets_through(&self, node: NodeFacts<'_>) -> bool {
        match &self.nodes {
            FilteredNodes::Everything => true,
            FilteredNodes::Nothing => false,
            FilteredNodes::AnyOf(clauses) => {
                clauses.iter().any(|clause| clause.all_of.iter().all(|selection| selection.selects(node)))
            }
        }
    }
}

impl Selection {
    fn ids(&self) -> &[String] {
        match self {
            Self::Tags(ids) | Self::Nodes(ids) | Self::GraphRoots(ids) => ids,
        }
    }

    fn selects(&self, node: NodeFacts<'_>) -> bool {
        let among = |ids: &[String], id: &str| ids.iter().any(|known| known == id);
        match self {
            Self::Tags(tags) => node.tag_ids.iter().any(|tag| among(tags, tag)),
            Self::Nodes(nodes) => among(nodes, node.id),
            Self::GraphRoots(roots) => among(roots, node.id) || node.graph_root_ids.iter().any(|r| among(roots, r)),
        }
    }
}
