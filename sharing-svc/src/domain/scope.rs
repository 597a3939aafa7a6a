//! Which nodes a share covers.

use types::{FieldErrors, Id, UniqueVec};

use super::{NodeId, TagId};

/// Which nodes of the owner a share covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every node.
    All,
    /// Nodes that have any of these tags; not empty.
    Tags(UniqueVec<TagId>),
    /// These nodes; not empty.
    Nodes(UniqueVec<NodeId>),
    /// These roots, and the nodes that the graph service finds reachable from them; not empty.
    Graph(UniqueVec<NodeId>),
}

/// The kind of a scope, without its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// `all`
    All,
    /// `specific_tags`
    Tags,
    /// `specific_nodes`
    Nodes,
    /// `graph`
    Graph,
}

impl ScopeKind {
    /// Its name in requests and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tags => "specific_tags",
            Self::Nodes => "specific_nodes",
            Self::Graph => "graph",
        }
    }
}

impl Scope {
    /// Takes a scope from outside. A list that the kind needs must not be empty; one that it does not need must be: a share
    /// must never be wider than its creator thinks it is.
    pub fn parse(
        kind: ScopeKind,
        tag_ids: Vec<String>,
        node_ids: Vec<String>,
        errors: &mut FieldErrors,
    ) -> Option<Self> {
        let needs_tags = kind == ScopeKind::Tags;
        let needs_nodes = matches!(kind, ScopeKind::Nodes | ScopeKind::Graph);
        demand("tag_ids", needs_tags, tag_ids.is_empty(), kind, errors);
        demand("node_ids", needs_nodes, node_ids.is_empty(), kind, errors);
        let tags = UniqueVec::parse(tag_ids, "tag_ids", Id::parse, errors);
        let nodes = UniqueVec::parse(node_ids, "node_ids", Id::parse, errors);
        if errors.names("tag_ids") || errors.names("node_ids") {
            return None;
        }
        Some(match kind {
            ScopeKind::All => Self::All,
            ScopeKind::Tags => Self::Tags(tags),
            ScopeKind::Nodes => Self::Nodes(nodes),
            ScopeKind::Graph => Self::Graph(nodes),
        })
    }

    /// Its kind.
    pub fn kind(&self) -> ScopeKind {
        match self {
            Self::All => ScopeKind::All,
            Self::Tags(_) => ScopeKind::Tags,
            Self::Nodes(_) => ScopeKind::Nodes,
            Self::Graph(_) => ScopeKind::Graph,
        }
    }

    /// Every id it names.
    pub fn ids(&self) -> impl Iterator<Item = &str> + Clone {
        let (tags, nodes) = match self {
            Self::All => (None, None),
            Self::Tags(tags) => (Some(tags), None),
            Self::Nodes(nodes) | Self::Graph(nodes) => (None, Some(nodes)),
        };
        let tags = tags.into_iter().flatten().map(Id::as_str);
        tags.chain(nodes.into_iter().flatten().map(Id::as_str))
    }

    /// The tags it names.
    pub fn tag_ids(&self) -> Vec<String> {
        match self {
            Self::Tags(tags) => texts(tags),
            Self::All | Self::Nodes(_) | Self::Graph(_) => Vec::new(),
        }
    }

    /// The nodes or roots it names.
    pub fn node_ids(&self) -> Vec<String> {
        match self {
            Self::Nodes(nodes) | Self::Graph(nodes) => texts(nodes),
            Self::All | Self::Tags(_) => Vec::new(),
        }
    }

    /// A text that two scopes have in common when they cover the same: the kind, and the ids in whatever order.
    pub fn canonical(&self) -> String {
        let mut ids = self.tag_ids();
        ids.extend(self.node_ids());
        ids.sort_unstable();
        // Ids have no line breaks.
        format!("{}\n{}", self.kind().name(), ids.join("\n"))
    }
}

fn demand(field: &'static str, needed: bool, is_empty: bool, kind: ScopeKind, errors: &mut FieldErrors) {
    if needed && is_empty {
        errors.add_unless_known(field, format!("is required when scope is {}", kind.name()));
    }
    if !needed && !is_empty {
        errors.add_unless_known(field, format!("must be empty when scope is {}", kind.name()));
    }
}

fn texts<Kind>(ids: &UniqueVec<Id<Kind>>) -> Vec<String>
where
    Id<Kind>: Clone,
{
    ids.iter().map(ToString::to_string).collect()
}
