//! What a person should know of a profile before they rely on it (docs/exposure.md, "Warnings"). Decided exactly, over every
//! node that could be, by asking whether the formula of the profile can be satisfied. Of what is too hard to decide nothing is
//! said.

mod part;
mod satisfiability;

use part::Part;
use satisfiability::{Effort, are_equal, is_satisfiable, is_valid};

use serde::{Deserialize, Serialize};

use super::{Rules, TagDirectory, exposure::Predicate};

/// Tags and types in a profile above which parts without effect are not looked for: the answer would take too long.
const MAX_NAMES_FOR_EFFECT: usize = 1_000;
/// Excluded types that are looked at one by one, at most.
const MAX_TYPES_ONE_BY_ONE: usize = 20;

/// Something a person should know of a profile.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

impl WarningCode {
    /// Its name in answers.
    pub fn name(self) -> &'static str {
        match self {
            Self::ExposesEverything => "EXPOSES_EVERYTHING",
            Self::ExposesNothing => "EXPOSES_NOTHING",
            Self::NoEffect => "NO_EFFECT",
            Self::TagDeleted => "TAG_DELETED",
        }
    }
}

/// Everything to be said of these rules, as if the profile were active. `tags` is what is known of the tags they name.
pub fn warnings(rules: &Rules, tags: &TagDirectory) -> Vec<Warning> {
    let mut found = of_formula(rules);
    found.extend(deleted_tags(rules, tags));
    found
}

fn of_formula(rules: &Rules) -> Vec<Warning> {
    let parts = Part::stated(rules);
    if parts.is_empty() {
        return vec![exposes_everything(Vec::new())];
    }
    let formula = Predicate::new(rules, true);
    if part::are_independent(rules) {
        // No part meets another: each one hides something, and none hides everything but one that does so alone.
        return match parts.iter().find(|part| part.denies_everything(rules)) {
            Some(part) => vec![exposes_nothing(&[*part])],
            None => Vec::new(),
        };
    }
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

fn deleted_tags(rules: &Rules, tags: &TagDirectory) -> Vec<Warning> {
    if !tags.knows_deleted() {
        return Vec::new();
    }
    let mut deleted: Vec<_> = rules.tags().into_iter().filter(|tag| tags.was_deleted(tag)).collect();
    deleted.sort_unstable();
    deleted
        .into_iter()
        .map(|tag| Warning {
            code: WarningCode::TagDeleted,
            message: format!("the tag `{}` no longer exists", tag.as_str()),
            fields: part::naming(&tag, rules),
        })
        .collect()
}

fn exposes_everything(fields: Vec<String>) -> Warning {
    let message = "this profile exposes every node".to_owned();
    Warning { code: WarningCode::ExposesEverything, message, fields }
}

fn exposes_nothing(parts: &[Part]) -> Warning {
    let paths: Vec<_> = parts.iter().map(|part| format!("`{}`", part.path())).collect();
    let why = match paths.as_slice() {
        [only] => format!("{only} lets no node through"),
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
