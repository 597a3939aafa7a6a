//! `WIDENED`: what an update newly exposes. Both versions are compared as if active.

use std::collections::HashSet;

use super::{
    ExampleNode, MAX_NAMES_FOR_EFFECT, Warning, WarningCode,
    part::{self, Part},
    satisfiability::{Effort, TooHard, difference},
};
use crate::domain::{
    DetailLevel, Rules, SchemaGrant, SchemaPermissions, SchemaVerb, TagDirectory, TagGrant, TagPermissions, TagRef,
    TagVerb, exposure::Predicate,
};

/// The widening of an update.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widening {
    /// Nodes that the version before hides.
    pub nodes: Option<Exposed>,
    /// Fields that let an app see or do more.
    pub more: Vec<&'static str>,
    /// The update activates the profile: the nodes that it exposes.
    pub activated: Option<Exposed>,
}

/// Nodes that an update exposes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposed {
    /// Such as this one, by these fields.
    Nodes {
        /// One of them.
        example: Box<ExampleNode>,
        /// The fields that expose them.
        fields: Vec<&'static str>,
    },
    /// The comparison was too hard, or the profile changed too often meanwhile: these fields may expose some.
    Undecided {
        /// The fields that changed.
        fields: Vec<&'static str>,
    },
}

/// Compares two versions of a profile, each with whether it is active. It takes milliseconds of CPU, and more where the rules are
/// large.
pub fn widening((before, was_active): (&Rules, bool), (after, is_active): (&Rules, bool)) -> Widening {
    let effort = Effort::default();
    Widening {
        nodes: newly_exposed(before, after, &effort),
        more: more_of_a_node(before, after),
        activated: (is_active && !was_active).then(|| activated(after, &effort)).flatten(),
    }
}

/// Whether the version after exposes strictly less than the one before. `false` if that could not be decided. It takes CPU as [`widening`]
/// does.
pub fn is_narrower(before: (&Rules, bool), after: (&Rules, bool)) -> bool {
    let (was_active, is_active) = (before.1, after.1);
    let is_deactivated = was_active && !is_active;
    is_deactivated || (widening(before, after) == Widening::default() && widening(after, before) != Widening::default())
}

impl Widening {
    /// The warning if the versions could not be compared.
    pub fn undecided((before, was_active): (&Rules, bool), (after, is_active): (&Rules, bool)) -> Self {
        let changed = Part::changed(before, after);
        let fields = fields(&changed, before, after);
        Self {
            nodes: (!fields.is_empty()).then_some(Exposed::Undecided { fields }),
            more: more_of_a_node(before, after),
            activated: (is_active && !was_active).then(|| Exposed::Undecided { fields: vec!["is_active"] }),
        }
    }
}

/// The warnings of an update.
pub fn widened_warnings(widening: &Widening, directory: &TagDirectory) -> Vec<Warning> {
    let Widening { nodes, more, activated } = widening;
    let mut found = Vec::new();
    let mut sentences = Vec::new();
    let mut all_fields: Vec<&str> = Vec::new();
    match nodes {
        Some(Exposed::Nodes { example, fields }) => {
            sentences
                .push(format!("this update exposes nodes that were hidden, such as {}", example.describe(directory)));
            all_fields.extend(fields);
        }
        Some(Exposed::Undecided { fields }) => {
            sentences.push("that this update exposes nodes that were hidden could not be ruled out".to_owned());
            all_fields.extend(fields);
        }
        None => {}
    }
    if !more.is_empty() {
        let named: Vec<_> = more.iter().map(|field| format!("`{field}`")).collect();
        sentences.push(format!("apps see or may do more than before by {}", named.join(", ")));
        all_fields.extend(more.iter().filter(|field| !all_fields.contains(field)).collect::<Vec<_>>());
    }
    if !sentences.is_empty() {
        found.push(warning(sentences.join("; "), &all_fields));
    }
    match activated {
        Some(Exposed::Nodes { example, fields }) => {
            let node = example.describe(directory);
            found.push(warning(format!("the profile was inactive and exposed nothing; now it exposes {node}"), fields));
        }
        Some(Exposed::Undecided { fields }) => {
            let message = "the profile was inactive and exposed nothing; what it exposes now could not be decided";
            found.push(warning(message.to_owned(), fields));
        }
        None => {}
    }
    found
}

fn warning(message: String, fields: &[&str]) -> Warning {
    Warning { code: WarningCode::Widened, message, fields: fields.iter().map(ToString::to_string).collect() }
}

/// The nodes that `after` exposes and `before` hides. One example, and every field that has a share in exposing any.
fn newly_exposed(before: &Rules, after: &Rules, effort: &Effort) -> Option<Exposed> {
    let mut open = Part::changed(before, after);
    let (mut first, mut found) = (None, Vec::new());
    let mut rules = after.clone();
    let formula = Predicate::new(before, true);
    while !open.is_empty() {
        let wider = Predicate::new(&rules, true);
        let example = match difference(&wider, &formula, effort) {
            Ok(Some(facts)) => ExampleNode::new(&facts, before, &rules),
            Ok(None) => break,
            Err(TooHard) => None,
        };
        let Some(example) = example else {
            // Any of the rest may widen too.
            found.append(&mut open);
            break;
        };
        // What hides the node again, put back alone; nothing does where two parts expose it independently of each other.
        let hides = |part: &Part| -> bool {
            let reverted = part.taken_from(before, &rules);
            !example.with_facts(|node| Predicate::new(&reverted, true).holds(node))
        };
        let (mut widened, mut rest): (Vec<Part>, Vec<Part>) = open.iter().copied().partition(hides);
        if widened.is_empty() {
            // The fewest that hide it together: all of them do.
            (widened, rest) = (open.clone(), Vec::new());
            for part in &open {
                let others: Vec<_> = widened.iter().copied().filter(|other| other != part).collect();
                let reverted = others.iter().fold(rules.clone(), |rules, part| part.taken_from(before, &rules));
                if !example.with_facts(|node| Predicate::new(&reverted, true).holds(node)) {
                    widened = others;
                    rest.push(*part);
                }
            }
        }
        rules = widened.iter().fold(rules, |rules, part| part.taken_from(before, &rules));
        found.append(&mut widened);
        if part::names(before) + part::names(after) > MAX_NAMES_FOR_EFFECT {
            // Each further comparison takes long: the other fields may expose some, too.
            found.append(&mut rest);
        }
        open = rest;
        first.get_or_insert(example);
    }
    let fields = fields(&found, before, after);
    match first {
        Some(example) => Some(Exposed::Nodes { example: Box::new(example), fields }),
        None if found.is_empty() => None,
        None => Some(Exposed::Undecided { fields }),
    }
}

fn activated(rules: &Rules, effort: &Effort) -> Option<Exposed> {
    let fields = vec!["is_active"];
    let hidden = Rules { tag_permissions: Some(TagPermissions::nothing()), ..Rules::default() };
    match difference(&Predicate::new(rules, true), &Predicate::Nothing, effort) {
        Ok(Some(facts)) => match ExampleNode::new(&facts, &hidden, rules) {
            Some(example) => Some(Exposed::Nodes { example: Box::new(example), fields }),
            None => Some(Exposed::Undecided { fields }),
        },
        Ok(None) => None,
        Err(TooHard) => Some(Exposed::Undecided { fields }),
    }
}

/// The fields of parts that changed.
fn fields(parts: &[Part], before: &Rules, after: &Rules) -> Vec<&'static str> {
    let ends = [
        ("date_range_start", before.date_range_start != after.date_range_start),
        ("date_range_end", before.date_range_end != after.date_range_end),
    ];
    let of_part = |part: &Part| {
        if *part == Part::DateRange {
            return ends.iter().filter(|(_, is_changed)| *is_changed).map(|(field, _)| *field).collect();
        }
        vec![part.path()]
    };
    parts.iter().flat_map(of_part).collect()
}

/// The fields by which an app sees more of a node that it sees, or may do more to it.
fn more_of_a_node(before: &Rules, after: &Rules) -> Vec<&'static str> {
    let level = |rules: &Rules| rules.max_detail_level.unwrap_or(DetailLevel::Full).rank();
    let shows_more = level(after) > level(before);
    let transforms_less = !before.transformations.is_subset(&after.transformations);
    let of_view = [("max_detail_level", shows_more), ("transformations", transforms_less)];
    let of_view = of_view.into_iter().filter(|(_, is_wider)| *is_wider).map(|(field, _)| field);

    let tags = (before.stated_tag_permissions(), after.stated_tag_permissions());
    let tag_verbs = TagVerb::ALL.into_iter().filter(|verb| tag_verb_gains(*verb, tags.0, tags.1)).map(TagVerb::path);
    let schemas = (before.stated_schema_permissions(), after.stated_schema_permissions());
    let schema_verbs =
        SchemaVerb::ALL.into_iter().filter(|verb| schema_verb_gains(*verb, schemas.0, schemas.1)).map(SchemaVerb::path);
    of_view.chain(tag_verbs).chain(schema_verbs).collect()
}

fn tag_verb_gains(verb: TagVerb, before: Option<&TagPermissions>, after: Option<&TagPermissions>) -> bool {
    let grant = |permissions: Option<&TagPermissions>| match permissions {
        // Without permissions, an app sees every tag and changes none.
        None => TagGrant { allow_all: matches!(verb, TagVerb::Discover | TagVerb::Read), ..TagGrant::default() },
        Some(permissions) => permissions.grant(verb).cloned().unwrap_or_default(),
    };
    let (before, after) = (grant(before), grant(after));
    let held: HashSet<_> = before.tag_ids.iter().collect();
    let is_held = |tag: &TagRef| held.contains(tag) || held.contains(&TagRef::Text(tag.to_text()));
    (after.allow_new == Some(true) && before.allow_new != Some(true))
        || (!before.allow_all && (after.allow_all || !after.tag_ids.iter().all(is_held)))
}

fn schema_verb_gains(verb: SchemaVerb, before: Option<&SchemaPermissions>, after: Option<&SchemaPermissions>) -> bool {
    let grant = |permissions: Option<&SchemaPermissions>| match permissions {
        None => SchemaGrant { allow_all: verb == SchemaVerb::Read, ..SchemaGrant::default() },
        Some(permissions) => permissions.grant(verb).cloned().unwrap_or_default(),
    };
    let (before, after) = (grant(before), grant(after));
    !before.allow_all && (after.allow_all || !after.schema_ids.is_subset(&before.schema_ids))
}
