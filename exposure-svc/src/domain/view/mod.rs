//! How much of an exposed node an app sees: the detail level, the tags it may know of, and the transformations, in that order
//! (docs/exposure.md, "Detail levels and transformations").

mod coarsen_dates;
mod detail_level;
mod members;
mod pseudonymize_ids;
mod strip_metadata;
mod tags_shown;

pub use pseudonymize_ids::{PseudonymKey, Pseudonyms};

use std::collections::HashSet;

use pii::redact_pii;
use serde_json::{Map, Value};
use types::Timestamp;

use self::{detail_level::cut, tags_shown::TagsShown};
use super::{DetailLevel, Rules, Transformation, exposure::NodeFacts};

/// A node with its content.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeView {
    /// Its id.
    pub id: String,
    /// Its type.
    pub node_type: String,
    /// Ids and names of its tags.
    pub tags: Vec<(String, String)>,
    /// Its schema.
    pub schema: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Every other field, as its holder shows it.
    pub fields: Map<String, Value>,
}

/// The visible part of exposed nodes.
#[derive(Clone, Debug)]
pub struct Lens {
    level: DetailLevel,
    tags: TagsShown,
    transformations: Vec<Transformation>,
    pseudonyms: Pseudonyms,
}

impl Lens {
    /// The view of a profile. `pseudonyms` are those of the app.
    pub fn new(rules: &Rules, pseudonyms: Pseudonyms) -> Self {
        Self {
            level: rules.max_detail_level.unwrap_or(DetailLevel::Full),
            tags: TagsShown::new(rules),
            transformations: rules.transformations.iter().copied().collect(),
            pseudonyms,
        }
    }

    /// The visible part of an exposed node.
    pub fn view(&self, node: &NodeFacts<'_>, fields: Map<String, Value>) -> NodeView {
        let tags = node.tags.iter().filter(|tag| self.tags.shows(tag));
        let mut view = NodeView {
            id: node.id.to_owned(),
            node_type: node.node_type.to_owned(),
            tags: tags.map(|tag| (tag.id.to_owned(), tag.name.clone().into_owned())).collect(),
            schema: node.schema.map(str::to_owned),
            created_at: node.created_at,
            fields,
        };
        cut(&mut view, self.level);
        self.tags.narrow(&mut view.fields, node.tags);
        for transformation in &self.transformations {
            match transformation {
                Transformation::RedactPii => redact(&mut view),
                Transformation::CoarsenDates => coarsen_dates::coarsen_dates(&mut view),
                Transformation::StripMetadata => strip_metadata::strip_metadata(&mut view.fields),
                Transformation::PseudonymizeIds => self.pseudonyms.replace_ids(&mut view),
            }
        }
        view
    }
}

/// Runs `redact_pii` over every string. An id that the description names is not one: it is of an id's shape, and without it
/// an app could not speak of the node.
fn redact(view: &mut NodeView) {
    let ids: HashSet<_> = std::iter::once(&view.id).chain(view.tags.iter().map(|(id, _)| id)).cloned().collect();
    for (_, name) in &mut view.tags {
        *name = redact_pii(name).into_owned();
    }
    members::each_string(&mut view.fields, &mut |text| {
        if !ids.contains(text)
            && let std::borrow::Cow::Owned(redacted) = redact_pii(text)
        {
            *text = redacted;
        }
    });
}
