//! Tag expressions, both ways.

use ofself_proto::exposure::{
    TagExpression,
    tag_expression::{Expression, Op, Operation},
};
use serde_json::{Value, json};
use types::{FieldErrors, FieldUpdate};

use crate::json::{Fields, Json};

/// Deeper than any expression that the rules take, and no deeper than a message may be.
const DEPTH_READ: usize = 24;

/// Reads the member `tag_expression`; an object with nothing in it is no expression.
pub(super) fn read(fields: &mut Fields<'_>) -> FieldUpdate<TagExpression> {
    let path = fields.path_of("tag_expression");
    match fields.raw("tag_expression") {
        FieldUpdate::Keep => FieldUpdate::Keep,
        FieldUpdate::Clear => FieldUpdate::Clear,
        FieldUpdate::Set(Json::Object(members)) if members.is_empty() => FieldUpdate::Clear,
        FieldUpdate::Set(value) => {
            expression(value, path, DEPTH_READ, fields.errors()).map_or(FieldUpdate::Keep, FieldUpdate::Set)
        }
    }
}

fn expression(value: Json, path: String, depth: usize, errors: &mut FieldErrors) -> Option<TagExpression> {
    let Json::Object(members) = value else {
        errors.add(path, "must be an object");
        return None;
    };
    if depth == 0 {
        errors.add("tag_expression", "is nested too deeply");
        return None;
    }
    let expression = Fields::nested(path, members, errors, |fields| {
        for name in ["tag", "op", "conditions"] {
            fields.ignore_null(name);
        }
        if fields.has("tag") {
            if fields.has("op") || fields.has("conditions") {
                fields.wrong("tag", "cannot stand beside op and conditions");
                fields.ignore("op");
                fields.ignore("conditions");
            }
            return required(fields, "tag", |fields| fields.string("tag")).map(Expression::Tag);
        }
        let op = required(fields, "op", |fields| fields.word("op", "must be AND, OR or NOT", op));
        let conditions = required(fields, "conditions", |fields| {
            fields.list("conditions", "must be a list", |item, path, errors| expression(item, path, depth - 1, errors))
        });
        Some(Expression::Operation(Operation { op: op?.into(), conditions: conditions? }))
    })?;
    Some(TagExpression { expression: Some(expression) })
}

fn op(word: &str) -> Option<Op> {
    match word {
        "AND" => Some(Op::And),
        "OR" => Some(Op::Or),
        "NOT" => Some(Op::Not),
        _ => None,
    }
}

fn required<T>(fields: &mut Fields<'_>, name: &str, read: impl FnOnce(&mut Fields<'_>) -> FieldUpdate<T>) -> Option<T> {
    let is_there = fields.has(name);
    let value = read(fields);
    if !is_there || matches!(value, FieldUpdate::Clear) {
        fields.wrong(name, "is required");
    }
    value.over(None)
}

/// An expression as clients write it.
pub(super) fn written(expression: TagExpression) -> Value {
    match expression.expression {
        None => Value::Null,
        Some(Expression::Tag(tag)) => json!({ "tag": tag }),
        Some(Expression::Operation(Operation { op, conditions })) => {
            let op = match Op::try_from(op).unwrap_or_default() {
                Op::Unspecified => "unknown",
                Op::And => "AND",
                Op::Or => "OR",
                Op::Not => "NOT",
            };
            json!({ "op": op, "conditions": conditions.into_iter().map(written).collect::<Vec<_>>() })
        }
    }
}
