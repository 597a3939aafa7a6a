//! A decision as a predicate tree, for a store to push into its query.

use types::{Timestamp, UniqueVec};

use super::NodeFacts;
use crate::domain::{
    NodeId, NodeType, Rules, SchemaRef, TagExpression, TagFilters, TagId, TagOp, TagRef, TagText, TagsLogic,
};

/// Which nodes a profile exposes, as a tree. `Everything` and `Nothing` occur only at the root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predicate {
    /// Every node.
    Everything,
    /// No node.
    Nothing,
    /// All of them hold; at least two.
    All(Vec<Predicate>),
    /// Any of them holds; at least two.
    Any(Vec<Predicate>),
    /// It does not hold.
    Not(Box<Predicate>),
    /// The node has the tag of this id.
    HasTagId(TagId),
    /// The node has a tag of this name.
    HasTagName(TagText),
    /// Its type is one of these.
    TypeIn(UniqueVec<NodeType>),
    /// It was made at `start` or later, and before `end`.
    CreatedBetween {
        /// Inclusive; `None`: open.
        start: Option<Timestamp>,
        /// Exclusive; `None`: open.
        end: Option<Timestamp>,
    },
    /// Its id is one of these.
    IdIn(UniqueVec<NodeId>),
    /// Its schema is one of these; `__freeform__`: none.
    SchemaIn(UniqueVec<SchemaRef>),
}

impl Predicate {
    /// The formula of docs/exposure.md, for these rules.
    pub fn new(rules: &Rules, is_active: bool) -> Self {
        if !is_active {
            return Self::Nothing;
        }
        Self::all([Self::included(rules), Self::not(Self::excluded(rules)), Self::readable(rules)])
    }

    fn excluded(rules: &Rules) -> Self {
        let filters = rules.tag_filters.iter().flat_map(|filters| &filters.exclude_any);
        let tags = filters.chain(&rules.excluded_tag_ids).map(Self::has_tag);
        let types = (!rules.excluded_node_types.is_empty()).then(|| Self::TypeIn(rules.excluded_node_types.clone()));
        Self::any(tags.chain(types))
    }

    fn included(rules: &Rules) -> Self {
        let picked = (!rules.allowed_node_ids.is_empty()).then(|| Self::IdIn(rules.allowed_node_ids.clone()));
        let matches = rules.states_inclusion().then(|| Self::matches(rules));
        if picked.is_none() && matches.is_none() {
            return Self::Everything;
        }
        Self::any(picked.into_iter().chain(matches))
    }

    fn matches(rules: &Rules) -> Self {
        let mut filters = Vec::new();
        if let Some(TagFilters { include_all, include_any, exclude_any: _ }) = &rules.tag_filters {
            filters.extend(include_all.iter().map(Self::has_tag));
            if !include_any.is_empty() {
                filters.push(Self::any(include_any.iter().map(Self::has_tag)));
            }
        }
        filters.extend(rules.tag_expression.as_ref().map(Self::expression));
        if !rules.allowed_tag_ids.is_empty() {
            let allowed = rules.allowed_tag_ids.iter().map(Self::has_tag);
            match rules.allowed_tags_logic {
                None | Some(TagsLogic::Or) => filters.push(Self::any(allowed)),
                Some(TagsLogic::And) => filters.extend(allowed),
            }
        }
        if !rules.allowed_node_types.is_empty() {
            filters.push(Self::TypeIn(rules.allowed_node_types.clone()));
        }
        let (start, end) = (rules.date_range_start, rules.date_range_end);
        if start.is_some() || end.is_some() {
            filters.push(Self::CreatedBetween { start, end });
        }
        Self::all(filters)
    }

    fn readable(rules: &Rules) -> Self {
        let tags = rules.stated_tag_permissions().map(|permissions| match &permissions.read {
            Some(grant) if grant.allow_all => Self::Everything,
            read => Self::any(read.iter().flat_map(|grant| &grant.tag_ids).map(Self::has_tag)),
        });
        let schemas = rules.stated_schema_permissions().map(|permissions| match &permissions.read {
            Some(grant) if grant.allow_all => Self::Everything,
            Some(grant) if !grant.schema_ids.is_empty() => Self::SchemaIn(grant.schema_ids.clone()),
            Some(_) | None => Self::Nothing,
        });
        Self::all(tags.into_iter().chain(schemas))
    }

    fn expression(expression: &TagExpression) -> Self {
        match expression {
            TagExpression::Tag { tag, ids } => {
                Self::any(std::iter::once(Self::has_tag(tag)).chain(ids.iter().cloned().map(Self::HasTagId)))
            }
            TagExpression::Operation { op, conditions } => {
                let conditions = conditions.iter().map(Self::expression);
                match op {
                    TagOp::And => Self::all(conditions),
                    TagOp::Or => Self::any(conditions),
                    TagOp::Not => Self::not(Self::any(conditions)),
                }
            }
        }
    }

    fn has_tag(tag: &TagRef) -> Self {
        match tag {
            TagRef::Id { id } => Self::HasTagId(id.clone()),
            TagRef::Text(text) => {
                Self::any(text.as_id().map(Self::HasTagId).into_iter().chain([Self::HasTagName(text.clone())]))
            }
        }
    }

    fn all(predicates: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for predicate in predicates {
            match predicate {
                Self::Everything => {}
                Self::Nothing => return Self::Nothing,
                Self::All(below) => kept.extend(below),
                part @ (Self::Any(_)
                | Self::Not(_)
                | Self::HasTagId(_)
                | Self::HasTagName(_)
                | Self::TypeIn(_)
                | Self::CreatedBetween { .. }
                | Self::IdIn(_)
                | Self::SchemaIn(_)) => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::Everything,
            1 => kept.remove(0),
            _ => Self::All(kept),
        }
    }

    fn any(predicates: impl IntoIterator<Item = Self>) -> Self {
        let mut kept = Vec::new();
        for predicate in predicates {
            match predicate {
                Self::Nothing => {}
                Self::Everything => return Self::Everything,
                Self::Any(below) => kept.extend(below),
                part @ (Self::All(_)
                | Self::Not(_)
                | Self::HasTagId(_)
                | Self::HasTagName(_)
                | Self::TypeIn(_)
                | Self::CreatedBetween { .. }
                | Self::IdIn(_)
                | Self::SchemaIn(_)) => kept.push(part),
            }
        }
        match kept.len() {
            0 => Self::Nothing,
            1 => kept.remove(0),
            _ => Self::Any(kept),
        }
    }

    fn not(predicate: Self) -> Self {
        match predicate {
            Self::Everything => Self::Nothing,
            Self::Nothing => Self::Everything,
            Self::Not(below) => *below,
            part @ (Self::All(_)
            | Self::Any(_)
            | Self::HasTagId(_)
            | Self::HasTagName(_)
            | Self::TypeIn(_)
            | Self::CreatedBetween { .. }
            | Self::IdIn(_)
            | Self::SchemaIn(_)) => Self::Not(Box::new(part)),
        }
    }

    /// Whether it holds for `node`.
    pub fn holds(&self, node: &NodeFacts<'_>) -> bool {
        match self {
            Self::Everything => true,
            Self::Nothing => false,
            Self::All(below) => below.iter().all(|predicate| predicate.holds(node)),
            Self::Any(below) => below.iter().any(|predicate| predicate.holds(node)),
            Self::Not(below) => !below.holds(node),
            Self::HasTagId(id) => node.has_id(id),
            Self::HasTagName(name) => node.tags.iter().any(|tag| tag.name == name.as_str()),
            Self::TypeIn(types) => types.iter().any(|kind| kind.as_str() == node.node_type),
            Self::CreatedBetween { start, end } => {
                start.is_none_or(|start| start <= node.created_at) && end.is_none_or(|end| node.created_at < end)
            }
            Self::IdIn(ids) => ids.iter().any(|id| id.as_str() == node.id),
            Self::SchemaIn(schemas) => schemas.iter().any(|schema| node.follows(schema)),
        }
    }
}
