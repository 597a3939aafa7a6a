//! Every rule of a profile, in order, with its value for a node: straight from the rules, by no other way than a person would
//! go.

use types::UniqueVec;

use super::{NodeFacts, TagFacts};
use crate::domain::{Rules, TagExpression, TagFilters, TagOp, TagRef, TagsLogic};

/// Names in a reason at most; the rest are counted.
const NAMED: usize = 5;

/// One rule and its value for a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleValue {
    /// The part of the profile.
    pub rule: &'static str,
    /// Whether the node passes it. Of `allowed_node_ids`: whether the node was picked.
    pub holds: bool,
    /// It is the first that decided.
    pub decided: bool,
    /// Why, for a person to read.
    pub reason: String,
    pub(super) kind: RuleKind,
}

/// The effect of a rule that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RuleKind {
    /// It hides the node.
    Hides,
    /// It hides the node unless it was picked.
    HidesUnlessPicked,
    /// No effect.
    Silent,
    /// It picks the node when it holds.
    Picks,
}

/// Every rule in evaluation order.
pub(super) fn rule_values(rules: &Rules, is_active: bool, node: &NodeFacts<'_>) -> Vec<RuleValue> {
    let no_filters = TagFilters::default();
    let TagFilters { include_all, include_any, exclude_any } = rules.tag_filters.as_ref().unwrap_or(&no_filters);
    let active_reason = if is_active { "the profile is active" } else { "the profile is not active" };
    vec![
        value("is_active", RuleKind::Hides, is_active, active_reason.to_owned()),
        excluding("tag_filters.exclude_any", exclude_any, node),
        excluding("excluded_tag_ids", &rules.excluded_tag_ids, node),
        excluded_type(rules, node),
        picked(rules, node),
        all_of("tag_filters.include_all", include_all, node),
        any_of("tag_filters.include_any", include_any, node),
        expression(rules.tag_expression.as_ref(), node),
        match rules.allowed_tags_logic {
            None | Some(TagsLogic::Or) => any_of("allowed_tag_ids", &rules.allowed_tag_ids, node),
            Some(TagsLogic::And) => all_of("allowed_tag_ids", &rules.allowed_tag_ids, node),
        },
        allowed_type(rules, node),
        date_range(rules, node),
        readable_tags(rules, node),
        readable_schema(rules, node),
    ]
}

fn value(rule: &'static str, kind: RuleKind, holds: bool, reason: String) -> RuleValue {
    RuleValue { rule, holds, decided: false, reason, kind }
}

fn silent(rule: &'static str) -> RuleValue {
    value(rule, RuleKind::Silent, true, "not stated".to_owned())
}

fn excluding(rule: &'static str, tags: &UniqueVec<TagRef>, node: &NodeFacts<'_>) -> RuleValue {
    if tags.is_empty() {
        return silent(rule);
    }
    let found: Vec<_> = tags.iter().filter(|tag| node.has(tag)).collect();
    if found.is_empty() {
        value(rule, RuleKind::Hides, true, "the node has none of the excluded tags".to_owned())
    } else {
        value(rule, RuleKind::Hides, false, labels(&found, node))
    }
}

fn excluded_type(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "excluded_node_types";
    if rules.excluded_node_types.is_empty() {
        return silent(rule);
    }
    let excluded = rules.excluded_node_types.iter().any(|kind| kind.as_str() == node.node_type);
    let reason = if excluded { node.node_type.to_owned() } else { format!("{} is not excluded", node.node_type) };
    value(rule, RuleKind::Hides, !excluded, reason)
}

fn picked(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "allowed_node_ids";
    if rules.allowed_node_ids.is_empty() {
        return silent(rule);
    }
    let picked = rules.allowed_node_ids.iter().any(|id| id.as_str() == node.id);
    let reason = if picked { "the node is picked" } else { "the node is not picked" };
    value(rule, RuleKind::Picks, picked, reason.to_owned())
}

fn all_of(rule: &'static str, tags: &UniqueVec<TagRef>, node: &NodeFacts<'_>) -> RuleValue {
    if tags.is_empty() {
        return silent(rule);
    }
    let missing: Vec<_> = tags.iter().filter(|tag| !node.has(tag)).collect();
    let reason = if missing.is_empty() {
        "the node has all of the tags".to_owned()
    } else {
        format!("the node lacks {}", labels(&missing, node))
    };
    value(rule, RuleKind::HidesUnlessPicked, missing.is_empty(), reason)
}

fn any_of(rule: &'static str, tags: &UniqueVec<TagRef>, node: &NodeFacts<'_>) -> RuleValue {
    if tags.is_empty() {
        return silent(rule);
    }
    let found: Vec<_> = tags.iter().filter(|tag| node.has(tag)).collect();
    let reason = if found.is_empty() {
        format!("the node has none of {}", labels(&tags.iter().collect::<Vec<_>>(), node))
    } else {
        format!("the node has {}", labels(&found, node))
    };
    value(rule, RuleKind::HidesUnlessPicked, !found.is_empty(), reason)
}

fn expression(expression: Option<&TagExpression>, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "tag_expression";
    let Some(expression) = expression else { return silent(rule) };
    let holds = expression.holds(node);
    let reason = if holds {
        "the expression holds".to_owned()
    } else {
        format!("the expression does not hold: {}", failing(expression, node))
    };
    value(rule, RuleKind::HidesUnlessPicked, holds, reason)
}

impl TagExpression {
    /// Whether it holds for a node.
    fn holds(&self, node: &NodeFacts<'_>) -> bool {
        match self {
            Self::Tag { tag, ids } => node.has(tag) || ids.iter().any(|id| node.has_id(id)),
            Self::Operation { op: TagOp::And, conditions } => conditions.iter().all(|below| below.holds(node)),
            Self::Operation { op: TagOp::Or, conditions } => conditions.iter().any(|below| below.holds(node)),
            Self::Operation { op: TagOp::Not, conditions } => !conditions.iter().any(|below| below.holds(node)),
        }
    }
}

/// The first part of an expression that is to blame for its not holding.
fn failing(expression: &TagExpression, node: &NodeFacts<'_>) -> String {
    match expression {
        TagExpression::Tag { tag, .. } => format!("the node lacks `{}`", label(tag, node)),
        TagExpression::Operation { op: TagOp::And, conditions } => {
            conditions.iter().find(|below| !below.holds(node)).map_or_else(String::new, |below| failing(below, node))
        }
        TagExpression::Operation { op: TagOp::Or, conditions } => match conditions.as_slice() {
            [only] => failing(only, node),
            _ => format!("none of {} alternatives holds", conditions.len()),
        },
        TagExpression::Operation { op: TagOp::Not, conditions } => match conditions.first() {
            Some(TagExpression::Tag { tag, ids }) => {
                let held = node.tags.iter().find(|held| held.is(tag) || ids.iter().any(|id| held.id == id.as_str()));
                format!("the node has `{}`", held.map_or(tag.as_str(), TagFacts::label))
            }
            Some(TagExpression::Operation { .. }) | None => "what it negates holds".to_owned(),
        },
    }
}

fn allowed_type(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "allowed_node_types";
    if rules.allowed_node_types.is_empty() {
        return silent(rule);
    }
    let allowed = rules.allowed_node_types.iter().any(|kind| kind.as_str() == node.node_type);
    let is = if allowed { "is" } else { "is not" };
    value(rule, RuleKind::HidesUnlessPicked, allowed, format!("{} {is} allowed", node.node_type))
}

fn date_range(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "date_range";
    let (start, end, made) = (rules.date_range_start, rules.date_range_end, node.created_at);
    if start.is_none() && end.is_none() {
        return silent(rule);
    }
    let (holds, reason) = if let Some(start) = start.filter(|start| made < *start) {
        (false, format!("the node was created on {made}, before {start}"))
    } else if let Some(end) = end.filter(|end| made >= *end) {
        (false, format!("the node was created on {made}, not before {end}"))
    } else {
        (true, "the node was created within it".to_owned())
    };
    value(rule, RuleKind::HidesUnlessPicked, holds, reason)
}

fn readable_tags(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "tag_permissions.read";
    let Some(permissions) = rules.stated_tag_permissions() else { return silent(rule) };
    let (holds, reason) = match &permissions.read {
        None => (false, "the verb is absent".to_owned()),
        Some(grant) if grant.allow_all => (true, "it allows every tag".to_owned()),
        Some(grant) => match grant.tag_ids.iter().find(|tag| node.has(tag)) {
            Some(tag) => (true, format!("it names `{}`", label(tag, node))),
            None if grant.tag_ids.is_empty() => (false, "it grants nothing".to_owned()),
            None => (false, "it names none of the node's tags".to_owned()),
        },
    };
    value(rule, RuleKind::Hides, holds, reason)
}

fn readable_schema(rules: &Rules, node: &NodeFacts<'_>) -> RuleValue {
    let rule = "schema_permissions.read";
    let Some(permissions) = rules.stated_schema_permissions() else { return silent(rule) };
    let schema = node.schema_name();
    let (holds, reason) = match &permissions.read {
        None => (false, "the verb is absent".to_owned()),
        Some(grant) if grant.allow_all => (true, "it allows every schema".to_owned()),
        Some(grant) if grant.schema_ids.iter().any(|named| node.follows(named)) => {
            (true, format!("it names `{schema}`"))
        }
        Some(grant) if grant.schema_ids.is_empty() => (false, "it grants nothing".to_owned()),
        Some(_) => (false, format!("it does not name `{schema}`")),
    };
    value(rule, RuleKind::Hides, holds, reason)
}

/// The display name of a tag, if the node has one.
fn label<'a>(tag: &'a TagRef, node: &'a NodeFacts<'_>) -> &'a str {
    node.tags.iter().find(|held| held.is(tag)).map_or(tag.as_str(), |held| held.label())
}

fn labels(tags: &[&TagRef], node: &NodeFacts<'_>) -> String {
    // A tag that is named by its id and by its name is one tag.
    let mut distinct = Vec::with_capacity(NAMED);
    let mut rest = tags.iter();
    while distinct.len() < NAMED {
        let Some(tag) = rest.next() else { break };
        let label = label(tag, node);
        if !distinct.contains(&label) {
            distinct.push(label);
        }
    }
    let mut named: Vec<_> = distinct.iter().map(|label| format!("`{label}`")).collect();
    if rest.len() > 0 {
        named.push(format!("{} more", rest.len()));
    }
    named.join(", ")
}
