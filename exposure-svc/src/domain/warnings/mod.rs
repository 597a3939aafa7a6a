//! What a person should know of a profile before they rely on it (docs/exposure.md, "Warnings"). What follows from the formula of
//! the profile is decided exactly, over every node that could be, by asking whether a formula can be satisfied.

mod comparison;
mod example_node;
mod part;
mod satisfiability;
mod widened;

pub use comparison::{Comparison, Difference};
pub use example_node::ExampleNode;
use part::Part;
use satisfiability::{Effort, are_equal, is_satisfiable, is_valid};
pub use widened::{Exposed, Widening, is_narrower, widened_warnings, widening};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Resolution, Rules, TagDirectory, TagEffect, TagRef, exposure::Predicate};

/// Tags and types in a profile above which parts without effect are not looked for: the answer would take too long.
const MAX_NAMES_FOR_EFFECT: usize = 1_000;
/// Tags and types in a profile up to which comparing them takes microseconds.
const MAX_NAMES_WITHOUT_DELAY: usize = 200;
/// The maximum number of excluded types that are checked one by one.
const MAX_TYPES_ONE_BY_ONE: usize = 20;

/// A warning on a profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// The kind of it.
    pub code: WarningCode,
    /// For a person to read.
    pub message: String,
    /// The parts of the profile it speaks of.
    pub fields: Vec<String>,
}

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum WarningCode {
    /// Every node is exposed.
    ExposesEverything,
    /// No node can be.
    ExposesNothing,
    /// Without this part the profile would expose the same.
    NoEffect,
    /// A tag that it names was deleted.
    TagDeleted,
    /// An excluded tag is unknown, while others are known.
    TagUnknown,
    /// An update exposes more than the profile did before.
    Widened,
}

impl WarningCode {
    /// Its code in responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExposesEverything => "EXPOSES_EVERYTHING",
            Self::ExposesNothing => "EXPOSES_NOTHING",
            Self::NoEffect => "NO_EFFECT",
            Self::TagDeleted => "TAG_DELETED",
            Self::TagUnknown => "TAG_UNKNOWN",
            Self::Widened => "WIDENED",
        }
    }
}

/// Whether [`formula_warnings`] of these rules may take milliseconds of CPU; otherwise it takes microseconds.
pub fn are_formula_warnings_slow(rules: &Rules) -> bool {
    part::names(rules) > MAX_NAMES_WITHOUT_DELAY || !part::are_independent(rules)
}

/// What follows from these rules alone, as if the profile were active. Nothing is reported of what the solver cannot decide within
/// its bound.
pub fn formula_warnings(rules: &Rules) -> Vec<Warning> {
    let parts = Part::stated(rules);
    if parts.is_empty() {
        return vec![exposes_everything(Vec::new())];
    }
    if part::are_independent(rules) {
        // No part meets another: each one hides something, and none hides everything but one that does so alone.
        return match parts.iter().find(|part| part.denies_everything(rules)) {
            Some(part) => vec![exposes_nothing(&[*part])],
            None => Vec::new(),
        };
    }
    let formula = Predicate::new(rules, true);
    let effort = Effort::default();
    if is_satisfiable(&formula, &effort) == Some(false) {
        return vec![exposes_nothing(&contradiction(rules, parts, &effort))];
    }
    if is_valid(&formula, &effort) == Some(true) {
        return vec![exposes_everything(parts.iter().map(|part| part.path().to_owned()).collect())];
    }
    if part::names(rules) > MAX_NAMES_FOR_EFFECT {
        Vec::new()
    } else {
        without_effect(rules, &formula, &parts, &effort)
    }
}

/// The fewest of `parts` that already hide everything: taking any one of them away would not, as far as that can be decided.
fn contradiction(rules: &Rules, mut parts: Vec<Part>, effort: &Effort) -> Vec<Part> {
    for part in parts.clone() {
        let without: Vec<_> = parts.iter().copied().filter(|kept| *kept != part).collect();
        if is_satisfiable(&Predicate::new(&Part::only(&without, rules), true), effort) == Some(false) {
            parts = without;
        }
    }
    parts
}

fn without_effect(rules: &Rules, formula: &Predicate, parts: &[Part], effort: &Effort) -> Vec<Warning> {
    let mut found = Vec::new();
    for part in parts.iter().filter(|part| part.is_only_for_exposure()) {
        if are_equal(formula, &Predicate::new(&part.without(rules), true), effort) == Some(true) {
            let path = part.path();
            found.push(no_effect(format!("`{path}` has no effect: without it the same nodes would be exposed"), path));
        } else if *part == Part::ExcludedNodeTypes && rules.excluded_node_types.len() <= MAX_TYPES_ONE_BY_ONE {
            for kind in &rules.excluded_node_types {
                if are_equal(formula, &Predicate::new(&part::without_excluded_type(kind, rules), true), effort)
                    == Some(true)
                {
                    let kind = kind.as_str();
                    let message = format!("excluding the type `{kind}` has no effect: no node of it is exposed anyway");
                    found.push(no_effect(message, part.path()));
                }
            }
        }
    }
    found
}

/// Warnings on references to deleted and unknown tags.
pub fn directory_warnings(rules: &Rules, tags: &TagDirectory) -> Vec<Warning> {
    let mut found: BTreeMap<(WarningCode, TagRef), Vec<String>> = BTreeMap::new();
    rules.each_tag(&mut |place, tag| {
        let code = match tag {
            TagRef::Id { id } if tags.was_deleted(id) => WarningCode::TagDeleted,
            TagRef::Text(text)
                if place.effect == TagEffect::Excludes
                    && tags.has_tags()
                    && tags.resolve(text) == Resolution::Unknown =>
            {
                WarningCode::TagUnknown
            }
            TagRef::Id { .. } | TagRef::Text(_) => return,
        };
        let fields = found.entry((code, tag.clone())).or_default();
        if fields.last().is_none_or(|last| last != place.path) {
            fields.push(place.path.to_owned());
        }
    });
    let warning = |((code, tag), fields): ((WarningCode, TagRef), Vec<String>)| {
        let tag = tag.as_str();
        let message = if code == WarningCode::TagDeleted {
            format!("the tag `{tag}` no longer exists")
        } else {
            format!("no tag `{tag}` is known: excluding it may hide nothing")
        };
        Warning { code, message, fields }
    };
    found.into_iter().map(warning).collect()
}

fn exposes_everything(fields: Vec<String>) -> Warning {
    let message = "this profile exposes every node".to_owned();
    Warning { code: WarningCode::ExposesEverything, message, fields }
}

fn exposes_nothing(parts: &[Part]) -> Warning {
    let paths: Vec<_> = parts.iter().map(|part| format!("`{}`", part.path())).collect();
    let why = match paths.as_slice() {
        [only] => format!("{only} matches no node"),
        _ => format!("{} contradict each other", paths.join(" and ")),
    };
    Warning {
        code: WarningCode::ExposesNothing,
        message: format!("this profile can expose nothing: {why}"),
        fields: parts.iter().map(|part| part.path().to_owned()).collect(),
    }
}

fn no_effect(message: String, path: &str) -> Warning {
    Warning { code: WarningCode::NoEffect, message, fields: vec![path.to_owned()] }
}
