//! The rules of a profile for nodes: the document that is stored, and shown as YAML.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use types::{FieldErrors, Id, Node, Timestamp, UniqueVec};

use super::{NodeType, SchemaPermissions, TagEffect, TagExpression, TagPermissions, TagRef};

/// Maximum bytes of the rules as JSON: what can be stored can be shown, also on a full page.
const MAX_BYTES: usize = 256 * 1024;

/// A node.
pub type NodeId = Id<Node>;

/// The rules of a profile for nodes, in display order. An empty part has no effect.
///
/// An unknown member is an error and never dropped: it may be an exclusion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// Simple tag filtering.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_filters: Option<TagFilters>,
    /// Boolean tag logic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_expression: Option<TagExpression>,
    /// Legacy: only nodes with these tags.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub allowed_tag_ids: UniqueVec<TagRef>,
    /// Legacy: any of them (where unset) or all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_tags_logic: Option<TagsLogic>,
    /// Legacy: no nodes with these tags.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub excluded_tag_ids: UniqueVec<TagRef>,
    /// Nodes picked by hand.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub allowed_node_ids: UniqueVec<NodeId>,
    /// Only nodes of these types.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub allowed_node_types: UniqueVec<NodeType>,
    /// No nodes of these types.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub excluded_node_types: UniqueVec<NodeType>,
    /// Only nodes created at this time or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_range_start: Option<Timestamp>,
    /// Only nodes created before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_range_end: Option<Timestamp>,
    /// Transformations of the content, in order.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub transformations: UniqueVec<Transformation>,
    /// How much of a node an app sees; all of it where unset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_detail_level: Option<DetailLevel>,
    /// Tag permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag_permissions: Option<TagPermissions>,
    /// Schema permissions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_permissions: Option<SchemaPermissions>,
}

/// Simple tag filtering.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TagFilters {
    /// A node must have all of these.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub include_all: UniqueVec<TagRef>,
    /// A node must have at least one of these.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub include_any: UniqueVec<TagRef>,
    /// A node must have none of these.
    #[serde(skip_serializing_if = "UniqueVec::is_empty")]
    pub exclude_any: UniqueVec<TagRef>,
}

/// How the legacy list of allowed tags combines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TagsLogic {
    /// Any of them.
    Or,
    /// All of them.
    And,
}

/// How much of a node an app sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DetailLevel {
    /// All fields.
    Full,
    /// What a list shows.
    Summary,
    /// That it exists.
    Minimal,
}

/// A transformation of every string that an app sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transformation {
    /// Addresses and numbers that name a person give way to `[EMAIL]` and the like.
    RedactPii,
    /// Times become their day.
    CoarsenDates,
    /// Metadata members go.
    StripMetadata,
    /// Ids become stable keyed ones, another for each app.
    PseudonymizeIds,
}

/// An unknown transformation was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownTransformation;

impl DetailLevel {
    /// Its rank, from 0 for the level that shows least.
    pub fn rank(self) -> u8 {
        match self {
            Self::Minimal => 0,
            Self::Summary => 1,
            Self::Full => 2,
        }
    }
}

impl Transformation {
    /// Every transformation.
    pub const ALL: [Self; 4] = [Self::RedactPii, Self::CoarsenDates, Self::StripMetadata, Self::PseudonymizeIds];

    /// Its name in requests and responses.
    pub fn name(self) -> &'static str {
        match self {
            Self::RedactPii => "redact_pii",
            Self::CoarsenDates => "coarsen_dates",
            Self::StripMetadata => "strip_metadata",
            Self::PseudonymizeIds => "pseudonymize_ids",
        }
    }

    /// The transformation of this name.
    pub fn parse(name: &str) -> Result<Self, UnknownTransformation> {
        Self::ALL.into_iter().find(|known| known.name() == name).ok_or(UnknownTransformation)
    }
}

impl std::fmt::Display for UnknownTransformation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let known: Vec<_> = Transformation::ALL.iter().map(|known| known.name()).collect();
        write!(f, "must be one of {}", known.join(", "))
    }
}

impl Rules {
    /// Their size as stored JSON.
    pub fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(usize::MAX, |document| document.len())
    }

    /// Says what is wrong between parts that are right on their own. What was too large `before`, for the ids that its exclusions
    /// learnt, and grows no more may still be changed: it must be possible to take something away.
    pub fn check(&self, before: &Self, errors: &mut FieldErrors) {
        let bytes = self.bytes();
        if bytes > MAX_BYTES && bytes > before.bytes() {
            errors.add("profile", format!("must be at most {} KiB as a whole", MAX_BYTES / 1024));
        }
        if let (Some(start), Some(end)) = (self.date_range_start, self.date_range_end)
            && start >= end
        {
            errors.add_unless_known("date_range_start", "must be before date_range_end");
        }
    }

    /// What an app may do with tags; `None`: nothing is said. (An object with nothing in it says nothing; a verb in it that
    /// grants nothing denies.)
    pub fn stated_tag_permissions(&self) -> Option<&TagPermissions> {
        self.tag_permissions.as_ref().filter(|permissions| **permissions != TagPermissions::default())
    }

    /// What an app may do with schemas; `None`: nothing is said.
    pub fn stated_schema_permissions(&self) -> Option<&SchemaPermissions> {
        self.schema_permissions.as_ref().filter(|permissions| **permissions != SchemaPermissions::default())
    }

    /// Whether there is an inclusion filter. Without one and without picked nodes, all nodes are included.
    pub fn states_inclusion(&self) -> bool {
        let by_tags = self
            .tag_filters
            .as_ref()
            .is_some_and(|filters| !filters.include_all.is_empty() || !filters.include_any.is_empty());
        by_tags
            || self.tag_expression.is_some()
            || !self.allowed_tag_ids.is_empty()
            || !self.allowed_node_types.is_empty()
            || self.date_range_start.is_some()
            || self.date_range_end.is_some()
    }

    /// The same rules with other tags. `each` is called with every list of references, and with every tag of the expression as a
    /// list of its references.
    #[must_use]
    pub fn map_tags(&self, mut each: impl FnMut(&TagPlace<'_>, &UniqueVec<TagRef>) -> UniqueVec<TagRef>) -> Self {
        let mut list = |path: &str, effect: TagEffect, tags: &UniqueVec<TagRef>| {
            if tags.is_empty() { UniqueVec::default() } else { each(&TagPlace { path, effect }, tags) }
        };
        let tag_filters =
            self.tag_filters.as_ref().map(|TagFilters { include_all, include_any, exclude_any }| TagFilters {
                include_all: list("tag_filters.include_all", TagEffect::Includes, include_all),
                include_any: list("tag_filters.include_any", TagEffect::Includes, include_any),
                exclude_any: list("tag_filters.exclude_any", TagEffect::Excludes, exclude_any),
            });
        let tag_expression = self
            .tag_expression
            .as_ref()
            .map(|expression| expression.map("tag_expression", &mut |path, effect, tags| list(path, effect, &tags)));
        let allowed_tag_ids = list("allowed_tag_ids", TagEffect::Includes, &self.allowed_tag_ids);
        let excluded_tag_ids = list("excluded_tag_ids", TagEffect::Excludes, &self.excluded_tag_ids);
        let tag_permissions = self.tag_permissions.as_ref().map(|permissions| {
            permissions.map(&mut |verb, tags| {
                list(&format!("tag_permissions.{}.tag_ids", verb.name()), TagEffect::Includes, tags)
            })
        });
        Self {
            tag_filters,
            tag_expression,
            allowed_tag_ids,
            allowed_tags_logic: self.allowed_tags_logic,
            excluded_tag_ids,
            allowed_node_ids: self.allowed_node_ids.clone(),
            allowed_node_types: self.allowed_node_types.clone(),
            excluded_node_types: self.excluded_node_types.clone(),
            date_range_start: self.date_range_start,
            date_range_end: self.date_range_end,
            transformations: self.transformations.clone(),
            max_detail_level: self.max_detail_level,
            tag_permissions,
            schema_permissions: self.schema_permissions.clone(),
        }
    }

    /// Every reference to a tag, wherever.
    pub fn tags(&self) -> HashSet<TagRef> {
        let mut tags = HashSet::new();
        self.each_tag(&mut |_, tag| {
            if !tags.contains(tag) {
                tags.insert(tag.clone());
            }
        });
        tags
    }

    /// Whether one of these references is named, wherever.
    pub fn names_any(&self, tags: &HashSet<TagRef>) -> bool {
        let mut is_named = false;
        self.each_tag(&mut |_, tag| is_named = is_named || tags.contains(tag));
        is_named
    }

    /// Calls `visit` with every reference to a tag, those that [`map_tags`](Self::map_tags) maps, and with the part that it is in.
    pub fn each_tag(&self, visit: &mut impl FnMut(TagPlace<'static>, &TagRef)) {
        let Self {
            tag_filters,
            tag_expression,
            allowed_tag_ids,
            excluded_tag_ids,
            tag_permissions,
            allowed_tags_logic: _,
            allowed_node_ids: _,
            allowed_node_types: _,
            excluded_node_types: _,
            date_range_start: _,
            date_range_end: _,
            transformations: _,
            max_detail_level: _,
            schema_permissions: _,
        } = self;
        let mut list = |path, effect, tags: &UniqueVec<TagRef>| {
            tags.iter().for_each(|tag| visit(TagPlace { path, effect }, tag));
        };
        if let Some(TagFilters { include_all, include_any, exclude_any }) = tag_filters {
            list("tag_filters.include_all", TagEffect::Includes, include_all);
            list("tag_filters.include_any", TagEffect::Includes, include_any);
            list("tag_filters.exclude_any", TagEffect::Excludes, exclude_any);
        }
        list("allowed_tag_ids", TagEffect::Includes, allowed_tag_ids);
        list("excluded_tag_ids", TagEffect::Excludes, excluded_tag_ids);
        for (verb, grant) in tag_permissions.iter().flat_map(TagPermissions::grants) {
            list(verb.path(), TagEffect::Includes, &grant.tag_ids);
        }
        if let Some(expression) = tag_expression {
            expression.each_tag(&mut |effect, tag| visit(TagPlace { path: "tag_expression", effect }, tag));
        }
    }
}

/// Where a profile names a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagPlace<'a> {
    /// The path of the field.
    pub path: &'a str,
    /// The effect of a tag there.
    pub effect: TagEffect,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{TagGrant, TagId, TagOp};

    fn tag(text: &str) -> TagRef {
        TagRef::parse(text).unwrap()
    }

    #[test]
    fn every_mapped_tag_is_visited() {
        let list = |name: &str| UniqueVec::new(vec![tag(name)]);
        let grant = |name: &str| Some(TagGrant { tag_ids: list(name), ..TagGrant::default() });
        let leaf = |name: &str| TagExpression::tag(tag(name));
        let with_ids = TagExpression::Tag { tag: tag("e"), ids: UniqueVec::new(vec![TagId::parse("n").unwrap()]) };
        let not = TagExpression::Operation { op: TagOp::Not, conditions: vec![with_ids] };
        let rules = Rules {
            tag_filters: Some(TagFilters { include_all: list("a"), include_any: list("b"), exclude_any: list("c") }),
            tag_expression: Some(TagExpression::Operation { op: TagOp::Or, conditions: vec![leaf("d"), not] }),
            allowed_tag_ids: list("f"),
            excluded_tag_ids: list("g"),
            tag_permissions: Some(TagPermissions {
                discover: grant("h"),
                read: grant("i"),
                propose: grant("j"),
                edit: grant("k"),
                create: grant("l"),
                delete: grant("m"),
            }),
            ..Rules::default()
        };
        let (mut mapped, mut excluding) = (HashSet::new(), HashSet::new());
        let same = rules.map_tags(|place, tags| {
            mapped.extend(tags.iter().cloned());
            if place.effect == TagEffect::Excludes {
                excluding.extend(tags.iter().cloned());
            }
            tags.clone()
        });
        assert_eq!((rules.tags().len(), rules.tags(), &rules), (14, mapped, &same));
        let ids = TagRef::id(TagId::parse("n").unwrap());
        assert_eq!(excluding, HashSet::from([tag("c"), tag("g"), tag("e"), ids]));
        let mut visited = HashSet::new();
        rules.each_tag(&mut |place, tag| {
            if place.effect == TagEffect::Excludes {
                visited.insert(tag.clone());
            }
        });
        assert_eq!(visited, excluding);
    }
}
