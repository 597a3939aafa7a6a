//! What one version of a profile exposes and another does not, over every node that could be.

use super::{
    ExampleNode,
    satisfiability::{Effort, TooHard, difference},
};
use crate::domain::{Rules, TagPermissions, exposure::Predicate};

/// Nodes that one version exposes and another does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// There are some, such as this one.
    Such(Box<ExampleNode>),
    /// There are none: proven.
    Nothing,
    /// The comparison would take too long.
    Undecided,
}

/// What a change of a profile exposes and hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// Exposed only after the change.
    pub gained: Difference,
    /// Exposed only before it.
    pub lost: Difference,
}

impl Comparison {
    /// Compares two versions of a profile, each with whether it is active. It takes milliseconds of CPU, and more where the rules are large.
    pub fn of(before: (&Rules, bool), after: (&Rules, bool)) -> Self {
        let effort = Effort::default();
        Self { gained: only_in(after, before, &effort), lost: only_in(before, after, &effort) }
    }

    /// Whether both directions are decided.
    pub fn is_proven(&self) -> bool {
        self.gained != Difference::Undecided && self.lost != Difference::Undecided
    }
}

/// The nodes that `version` exposes and `other` does not.
fn only_in(version: (&Rules, bool), other: (&Rules, bool), effort: &Effort) -> Difference {
    let (exposing, hiding) = (Predicate::new(version.0, version.1), Predicate::new(other.0, other.1));
    match difference(&exposing, &hiding, effort) {
        Ok(Some(facts)) => match ExampleNode::new(&facts, &effective(other), &effective(version)) {
            Some(example) => Difference::Such(Box::new(example)),
            None => Difference::Undecided,
        },
        Ok(None) => Difference::Nothing,
        Err(TooHard) => Difference::Undecided,
    }
}

/// The rules of a version; of an inactive one, rules that hide every node.
fn effective((rules, is_active): (&Rules, bool)) -> Rules {
    if is_active {
        return rules.clone();
    }
    Rules { tag_permissions: Some(TagPermissions::nothing()), ..Rules::default() }
}
