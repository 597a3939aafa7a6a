//! A node as described by the service that holds it.

use types::{FieldErrors, Id, IdError, ItemErrors, MAX_LIST, Node, Tag};

/// A node as described by the service that holds it, borrowed from the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeFacts<'a> {
    /// Its id.
    pub id: &'a str,
    /// The ids of its tags.
    pub tag_ids: &'a [String],
    /// The roots of `graph` shares from which the caller found it reachable.
    pub graph_root_ids: &'a [String],
}

/// The resource of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A node.
    Node(NodeFacts<'a>),
    /// An edge. It is covered when both its ends are: an end that is not shared must not leak by its edge.
    Relationship {
        /// Where it begins.
        source: NodeFacts<'a>,
        /// Where it ends.
        target: NodeFacts<'a>,
    },
}

impl<'a> NodeFacts<'a> {
    /// Parses a description at `path` of a request. Errors are reported by field.
    pub fn parse(
        id: &'a str,
        tag_ids: &'a [String],
        graph_root_ids: &'a [String],
        path: impl Fn() -> String,
        errors: &mut FieldErrors,
    ) -> Self {
        if let Err(error) = Id::<Node>::check(id) {
            errors.add(format!("{}.id", path()), if id.is_empty() { "is required".into() } else { error.to_string() });
        }
        list(tag_ids, Id::<Tag>::check, || format!("{}.tag_ids", path()), errors);
        list(graph_root_ids, Id::<Node>::check, || format!("{}.graph_root_ids", path()), errors);
        Self { id, tag_ids, graph_root_ids }
    }
}

impl<'a> Resource<'a> {
    /// The nodes that must all be covered.
    pub fn nodes(self) -> impl Iterator<Item = NodeFacts<'a>> {
        let (first, second) = match self {
            Self::Node(node) => (node, None),
            Self::Relationship { source, target } => (source, Some(target)),
        };
        std::iter::once(first).chain(second)
    }
}

fn list(
    ids: &[String],
    check: impl Fn(&str) -> Result<(), IdError>,
    path: impl Fn() -> String,
    errors: &mut FieldErrors,
) {
    if ids.len() > MAX_LIST {
        errors.add(path(), format!("must hold at most {MAX_LIST} entries"));
        return;
    }
    let mut wrong = ItemErrors::default();
    for (index, id) in ids.iter().enumerate() {
        if let Err(error) = check(id) {
            wrong.add(errors, |errors| errors.add(format!("{}[{index}]", path()), error.to_string()));
        }
    }
    wrong.count_rest(path(), errors);
}
