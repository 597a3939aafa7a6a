//! Boolean logic over tags.

use serde::{Deserialize, Serialize};
use types::{FieldErrors, UniqueVec};

use super::{TagId, TagRef};

/// Levels of an expression at most; a lone tag is one.
pub const MAX_DEPTH: usize = 16;
/// Tags and operations in an expression at most.
pub const MAX_PARTS: usize = 512;

/// Boolean logic over tags: a tag, or an operation on expressions. Bounded once [checked](Self::check).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum TagExpression {
    /// The node has this tag, or one of `ids`.
    Tag {
        /// The tag.
        tag: TagRef,
        /// Below an odd number of NOTs, where a tag excludes: the tags that the text of `tag` is known to name.
        #[serde(default, skip_serializing_if = "UniqueVec::is_empty")]
        ids: UniqueVec<TagId>,
    },
    /// The conditions, combined.
    Operation {
        /// How.
        op: TagOp,
        /// 1 or more; of NOT exactly 1.
        conditions: Vec<TagExpression>,
    },
}

/// How the conditions of an operation combine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TagOp {
    /// All of them hold.
    And,
    /// Any of them holds.
    Or,
    /// The only one does not hold.
    Not,
}

/// The effect of a tag, by its position in the expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TagEffect {
    /// It can only expose more, or allow more.
    Includes,
    /// It can only hide more: lists of exclusions, and places below an odd number of NOTs.
    Excludes,
}

impl TagExpression {
    /// Reports errors in the shape of an expression at `path`.
    pub fn check(&self, path: &str, errors: &mut FieldErrors) {
        let mut parts = 0;
        // Each part with its level; a list instead of recursion, so that depth costs no stack.
        let mut open = vec![(self, path.to_owned(), 1)];
        while let Some((part, at, level)) = open.pop() {
            parts += 1;
            if parts > MAX_PARTS {
                errors.add(path, format!("must have at most {MAX_PARTS} parts"));
                return;
            }
            if level > MAX_DEPTH {
                errors.add(path, format!("must be at most {MAX_DEPTH} deep"));
                return;
            }
            let Self::Operation { op, conditions } = part else { continue };
            if conditions.is_empty() {
                errors.add(format!("{at}.conditions"), "must not be empty");
            }
            if *op == TagOp::Not && conditions.len() > 1 {
                errors.add(format!("{at}.conditions"), "must hold exactly one when op is NOT");
            }
            for (index, condition) in conditions.iter().enumerate() {
                open.push((condition, format!("{at}.conditions[{index}]"), level + 1));
            }
        }
    }

    /// An expression that is one tag.
    pub fn tag(tag: TagRef) -> Self {
        Self::Tag { tag, ids: UniqueVec::default() }
    }

    /// Calls `visit` with each tag reference and its effect.
    pub fn each_tag(&self, visit: &mut impl FnMut(TagEffect, &TagRef)) {
        self.each_tag_below(TagEffect::Includes, visit);
    }

    fn each_tag_below(&self, effect: TagEffect, visit: &mut impl FnMut(TagEffect, &TagRef)) {
        match self {
            Self::Tag { tag, ids } => {
                visit(effect, tag);
                ids.iter().for_each(|id| visit(effect, &TagRef::id(id.clone())));
            }
            Self::Operation { op, conditions } => {
                let effect = effect.below(*op);
                for condition in conditions {
                    condition.each_tag_below(effect, visit);
                }
            }
        }
    }

    /// The same expression with other tags. `each` is called with the path of a tag, what the node's having it does, and its
    /// references; of those that it returns, the text becomes the tag, and the ids its ids.
    #[must_use]
    pub fn map(
        &self,
        path: &str,
        each: &mut impl FnMut(&str, TagEffect, UniqueVec<TagRef>) -> UniqueVec<TagRef>,
    ) -> Self {
        self.map_below(TagEffect::Includes, path, each)
    }

    fn map_below(
        &self,
        effect: TagEffect,
        path: &str,
        each: &mut impl FnMut(&str, TagEffect, UniqueVec<TagRef>) -> UniqueVec<TagRef>,
    ) -> Self {
        match self {
            Self::Tag { tag, ids } => {
                let all = std::iter::once(tag.clone()).chain(ids.iter().cloned().map(TagRef::id));
                let mapped = each(&format!("{path}.tag"), effect, UniqueVec::new(all.collect()));
                let text = mapped.iter().find(|reference| reference.text().is_some());
                let tag = text.or_else(|| mapped.iter().next()).unwrap_or(tag).clone();
                let ids = mapped.iter().filter(|other| **other != tag).filter_map(TagRef::tag_id);
                Self::Tag { ids: UniqueVec::new(ids.cloned().collect()), tag }
            }
            Self::Operation { op, conditions } => {
                let effect = effect.below(*op);
                let below = conditions.iter().enumerate().map(|(index, condition)| {
                    condition.map_below(effect, &format!("{path}.conditions[{index}]"), each)
                });
                Self::Operation { op: *op, conditions: below.collect() }
            }
        }
    }
}

impl TagEffect {
    /// The effect of a tag in a condition of `op`, where the operation itself has this effect.
    fn below(self, op: TagOp) -> Self {
        match (self, op) {
            (_, TagOp::And | TagOp::Or) => self,
            (Self::Includes, TagOp::Not) => Self::Excludes,
            (Self::Excludes, TagOp::Not) => Self::Includes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag() -> TagExpression {
        TagExpression::tag(TagRef::parse("work").unwrap())
    }

    fn not(conditions: Vec<TagExpression>) -> TagExpression {
        TagExpression::Operation { op: TagOp::Not, conditions }
    }

    fn wrong(expression: &TagExpression) -> String {
        let mut errors = FieldErrors::new();
        expression.check("tag_expression", &mut errors);
        errors.to_string()
    }

    #[test]
    fn expression_has_at_most_sixteen_levels() {
        let deep = |levels| (1..levels).fold(tag(), |below, _| not(vec![below]));
        assert_eq!(wrong(&deep(16)), "");
        assert_eq!(wrong(&deep(17)), "tag_expression must be at most 16 deep");
    }

    #[test]
    fn expression_has_at_most_512_parts() {
        let wide = |parts: usize| TagExpression::Operation { op: TagOp::Or, conditions: vec![tag(); parts - 1] };
        assert_eq!(wrong(&wide(512)), "");
        assert_eq!(wrong(&wide(513)), "tag_expression must have at most 512 parts");
    }

    #[test]
    fn invalid_operation_is_reported_by_path() {
        let inner = TagExpression::Operation { op: TagOp::And, conditions: vec![tag(), not(vec![tag(), tag()])] };
        assert_eq!(wrong(&inner), "tag_expression.conditions[1].conditions must hold exactly one when op is NOT");
        assert_eq!(wrong(&not(vec![])), "tag_expression.conditions must not be empty");
    }
}
