//! Boolean logic over tags.

use serde::{Deserialize, Serialize};
use vocabulary::FieldErrors;

use super::TagRef;

/// Levels of an expression at most; a lone tag is one.
pub const MAX_DEPTH: usize = 16;
/// Tags and operations in an expression at most.
pub const MAX_PARTS: usize = 512;

/// Boolean logic over tags: a tag, or an operation on expressions. Bounded once [checked](Self::check).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum TagExpression {
    /// The node has this tag.
    Tag {
        /// By id or name.
        tag: TagRef,
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

impl TagExpression {
    /// Says what is wrong with the shape of an expression that stands at `path`.
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

    /// Shows every tag in it to `see`.
    pub fn each_tag(&self, see: &mut impl FnMut(&TagRef)) {
        match self {
            Self::Tag { tag } => see(tag),
            Self::Operation { op: _, conditions } => conditions.iter().for_each(|condition| condition.each_tag(see)),
        }
    }

    /// The same expression over other tags.
    #[must_use]
    pub fn map(&self, each: &impl Fn(&TagRef) -> TagRef) -> Self {
        match self {
            Self::Tag { tag } => Self::Tag { tag: each(tag) },
            Self::Operation { op, conditions } => Self::Operation {
                op: *op,
                conditions: conditions.iter().map(|condition| condition.map(each)).collect(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag() -> TagExpression {
        TagExpression::Tag { tag: TagRef::parse("work".into()).unwrap() }
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
    fn sixteen_levels_are_taken_and_seventeen_refused() {
        let deep = |levels| (1..levels).fold(tag(), |below, _| not(vec![below]));
        assert_eq!(wrong(&deep(16)), "");
        assert_eq!(wrong(&deep(17)), "tag_expression must be at most 16 deep");
    }

    #[test]
    fn five_hundred_and_twelve_parts_are_taken_and_more_refused() {
        let wide = |parts: usize| TagExpression::Operation { op: TagOp::Or, conditions: vec![tag(); parts - 1] };
        assert_eq!(wrong(&wide(512)), "");
        assert_eq!(wrong(&wide(513)), "tag_expression must have at most 512 parts");
    }

    #[test]
    fn a_wrong_operation_is_named_by_its_path() {
        let inner = TagExpression::Operation { op: TagOp::And, conditions: vec![tag(), not(vec![tag(), tag()])] };
        assert_eq!(wrong(&inner), "tag_expression.conditions[1].conditions must hold exactly one when op is NOT");
        assert_eq!(wrong(&not(vec![])), "tag_expression.conditions must not be empty");
    }
}
