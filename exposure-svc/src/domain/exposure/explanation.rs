//! Why a node is exposed or not, in words, rule by rule.

use super::{
    NodeFacts, RuleValue,
    rule_values::{RuleKind, rule_values},
};
use crate::domain::Rules;

/// Why a node is exposed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision; the same as that of every other method.
    pub exposed: bool,
    /// The gist, for a person to read.
    pub reason: String,
    /// Every rule in evaluation order, with its value.
    pub rules: Vec<RuleValue>,
}

/// Explains whether a profile exposes `node`.
pub fn explain(rules: &Rules, is_active: bool, node: &NodeFacts<'_>) -> Explanation {
    let mut values = rule_values(rules, is_active, node);
    let is_picked = values.iter().any(|value| value.kind == RuleKind::Picks && value.holds);
    let is_filtered = values.iter().any(|value| value.kind == RuleKind::HidesUnlessPicked);
    let hides = |value: &RuleValue| match value.kind {
        RuleKind::Hides => !value.holds,
        RuleKind::HidesUnlessPicked => !value.holds && !is_picked,
        // Where nothing else brings nodes in, one that was not picked is out.
        RuleKind::Picks => !value.holds && !is_filtered,
        RuleKind::Silent => false,
    };
    let hiding: Vec<_> = values.iter().filter(|value| hides(value)).map(said).collect();
    let exposed = hiding.is_empty();
    let brought_in = if is_picked {
        "it is a picked node"
    } else if is_filtered {
        "every inclusion filter holds, and nothing hides it"
    } else {
        "no inclusion filter is set, and nothing hides it"
    };
    let reason = match hiding.as_slice() {
        [] => format!("exposed: {brought_in}"),
        [only] => format!("hidden; it would be exposed but for {only}"),
        [first, others @ ..] => format!("hidden by {first}; and by {}", others.join("; and by ")),
    };
    let decided =
        values.iter().position(hides).or_else(|| values.iter().position(|value| is_picked && brings_in(value)));
    if let Some(value) = decided.and_then(|index| values.get_mut(index)) {
        value.decided = true;
    }
    let summary = RuleValue {
        rule: "exposed",
        holds: exposed,
        decided: decided.is_none(),
        reason: if exposed { brought_in.to_owned() } else { "a rule above hides it".to_owned() },
        kind: RuleKind::Silent,
    };
    values.push(summary);
    Explanation { exposed, reason, rules: values }
}

fn brings_in(value: &RuleValue) -> bool {
    value.kind == RuleKind::Picks && value.holds
}

fn said(value: &RuleValue) -> String {
    format!("{}: {}", value.rule, value.reason)
}
