//! Tag expressions, both ways.

use ofself_proto::exposure::{
    self as wire,
    tag_expression::{Expression, Operation},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use types::FieldErrors;
use utoipa::ToSchema;

use crate::json::{Field, List};

/// Deeper than any expression that the rules accept, and no deeper than a message may be.
const MAX_DEPTH: usize = 24;

/// An expression as it is read. Which members belong together is validated in [`into_message`](Self::into_message), so that
/// the errors of all parts are reported; [`TagExpression`] describes the valid combinations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpressionMembers {
    tag: Field<String>,
    op: Field<Op>,
    conditions: Field<List<ExpressionMembers>>,
}

/// Which nodes an app may see, by conditions on their tags; 16 deep and 512 parts in all at most
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "the combinations of `ExpressionMembers`, described")]
pub(super) enum TagExpression {
    /// The node has this tag
    Tag(TagCondition),
    /// Combined conditions
    Operation(TagOperation),
    /// No condition
    None(NoCondition),
}

/// A condition within an expression
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(no_recursion)]
#[expect(dead_code, reason = "the combinations of `ExpressionMembers`, described")]
pub(super) enum TagExpressionPart {
    /// The node has this tag
    Tag(TagCondition),
    /// Combined conditions
    Operation(TagOperation),
}

/// The node has this tag, named by its id or its name
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the combinations of `ExpressionMembers`, described")]
pub(super) struct TagCondition {
    #[schema(min_length = 1, max_length = 128)]
    tag: String,
}

/// Combined conditions; `NOT` takes one
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "the combinations of `ExpressionMembers`, described")]
pub(super) struct TagOperation {
    op: Op,
    #[schema(min_items = 1, max_items = 511)]
    conditions: Vec<TagExpressionPart>,
}

/// An empty object is no condition
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoCondition {}

#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Op {
    And,
    Or,
    Not,
}

impl From<Op> for i32 {
    fn from(op: Op) -> Self {
        match op {
            Op::And => wire::tag_expression::Op::And,
            Op::Or => wire::tag_expression::Op::Or,
            Op::Not => wire::tag_expression::Op::Not,
        }
        .into()
    }
}

impl ExpressionMembers {
    /// The member `tag_expression`; an empty object is null.
    pub(super) fn into_field(field: Field<Self>, errors: &mut FieldErrors) -> Field<wire::TagExpression> {
        match field {
            Field::Absent | Field::Invalid => Field::Absent,
            Field::Null | Field::Value(Self { tag: Field::Absent, op: Field::Absent, conditions: Field::Absent }) => {
                Field::Null
            }
            Field::Value(expression) if expression.is_deeper_than(MAX_DEPTH) => {
                errors.add("tag_expression", "is nested too deeply");
                Field::Absent
            }
            Field::Value(expression) => Field::Value(expression.into_message("tag_expression", errors)),
        }
    }

    fn is_deeper_than(&self, depth: usize) -> bool {
        let Field::Value(conditions) = &self.conditions else { return depth == 0 };
        depth == 0 || conditions.iter().any(|condition| condition.is_deeper_than(depth - 1))
    }

    fn into_message(self, path: &str, errors: &mut FieldErrors) -> wire::TagExpression {
        let Self { tag, op, conditions } = self;
        let [tag_path, op_path, conditions_path] = ["tag", "op", "conditions"].map(|name| format!("{path}.{name}"));
        let expression = match tag {
            Field::Value(_) | Field::Invalid if !(op.is_missing() && conditions.is_missing()) => {
                errors.add(tag_path, "cannot be combined with op and conditions");
                None
            }
            Field::Value(tag) => Some(Expression::Tag(tag)),
            Field::Invalid => None,
            Field::Absent | Field::Null => {
                if op.is_missing() {
                    errors.add(op_path, "is required");
                }
                if conditions.is_missing() {
                    errors.add(conditions_path.as_str(), "is required");
                }
                let conditions = conditions.into_option().map(|conditions| {
                    conditions.map(|index, condition| {
                        let path = format!("{conditions_path}[{index}]");
                        let convert = |condition: Self| condition.into_message(&path, errors);
                        condition.map(convert).unwrap_or_default()
                    })
                });
                let op = op.into_option().map(i32::from).unwrap_or_default();
                Some(Expression::Operation(Operation { op, conditions: conditions.unwrap_or_default() }))
            }
        };
        wire::TagExpression { expression }
    }
}

/// An expression as clients see it.
pub(super) fn expression_json(expression: wire::TagExpression) -> Value {
    match expression.expression {
        None => Value::Null,
        Some(Expression::Tag(tag)) => json!({ "tag": tag }),
        Some(Expression::Operation(Operation { op, conditions })) => {
            let op = match wire::tag_expression::Op::try_from(op).unwrap_or_default() {
                wire::tag_expression::Op::Unspecified => None,
                wire::tag_expression::Op::And => Some(Op::And),
                wire::tag_expression::Op::Or => Some(Op::Or),
                wire::tag_expression::Op::Not => Some(Op::Not),
            };
            json!({ "op": op, "conditions": conditions.into_iter().map(expression_json).collect::<Vec<_>>() })
        }
    }
}
