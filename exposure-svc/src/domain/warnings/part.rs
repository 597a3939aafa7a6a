//! The parts of a profile that decide which nodes it exposes.

use std::collections::HashSet;

use types::UniqueVec;

use crate::domain::{NodeType, Rules, TagExpression, TagFilters, TagId, TagRef};

/// A part of a profile that decides which nodes it exposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    IncludeAll,
    IncludeAny,
    ExcludeAny,
    TagExpression,
    AllowedTagIds,
    ExcludedTagIds,
    AllowedNodeIds,
    AllowedNodeTypes,
    ExcludedNodeTypes,
    DateRange,
    TagPermissionsRead,
    SchemaPermissionsRead,
}

impl Part {
    /// Every part, in the order of the profile.
    const ALL: [Self; 12] = [
        Self::IncludeAll,
        Self::IncludeAny,
        Self::ExcludeAny,
        Self::TagExpression,
        Self::AllowedTagIds,
        Self::ExcludedTagIds,
        Self::AllowedNodeIds,
        Self::AllowedNodeTypes,
        Self::ExcludedNodeTypes,
        Self::DateRange,
        Self::TagPermissionsRead,
        Self::SchemaPermissionsRead,
    ];

    /// The parts that are set.
    pub(super) fn stated(rules: &Rules) -> Vec<Self> {
        Self::ALL.into_iter().filter(|part| part.is_stated(rules)).collect()
    }

    /// Its path in the profile.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::IncludeAll => "tag_filters.include_all",
            Self::IncludeAny => "tag_filters.include_any",
            Self::ExcludeAny => "tag_filters.exclude_any",
            Self::TagExpression => "tag_expression",
            Self::AllowedTagIds => "allowed_tag_ids",
            Self::ExcludedTagIds => "excluded_tag_ids",
            Self::AllowedNodeIds => "allowed_node_ids",
            Self::AllowedNodeTypes => "allowed_node_types",
            Self::ExcludedNodeTypes => "excluded_node_types",
            Self::DateRange => "date_range",
            Self::TagPermissionsRead => "tag_permissions.read",
            Self::SchemaPermissionsRead => "schema_permissions.read",
        }
    }

    fn is_stated(self, rules: &Rules) -> bool {
        let filters = rules.tag_filters.as_ref();
        match self {
            Self::IncludeAll => filters.is_some_and(|filters| !filters.include_all.is_empty()),
            Self::IncludeAny => filters.is_some_and(|filters| !filters.include_any.is_empty()),
            Self::ExcludeAny => filters.is_some_and(|filters| !filters.exclude_any.is_empty()),
            Self::TagExpression => rules.tag_expression.is_some(),
            Self::AllowedTagIds => !rules.allowed_tag_ids.is_empty(),
            Self::ExcludedTagIds => !rules.excluded_tag_ids.is_empty(),
            Self::AllowedNodeIds => !rules.allowed_node_ids.is_empty(),
            Self::AllowedNodeTypes => !rules.allowed_node_types.is_empty(),
            Self::ExcludedNodeTypes => !rules.excluded_node_types.is_empty(),
            Self::DateRange => rules.date_range_start.is_some() || rules.date_range_end.is_some(),
            Self::TagPermissionsRead => rules
                .stated_tag_permissions()
                .is_some_and(|permissions| !permissions.read.as_ref().is_some_and(|grant| grant.allow_all)),
            Self::SchemaPermissionsRead => rules
                .stated_schema_permissions()
                .is_some_and(|permissions| !permissions.read.as_ref().is_some_and(|grant| grant.allow_all)),
        }
    }

    /// Whether it says nothing else; a permission also says what an app may write.
    pub(super) fn is_only_for_exposure(self) -> bool {
        !matches!(self, Self::TagPermissionsRead | Self::SchemaPermissionsRead)
    }

    /// Whether it alone hides every node, whatever else is said. (An expression that cannot hold names some tag twice.)
    pub(super) fn denies_everything(self, rules: &Rules) -> bool {
        let read_tags = rules.stated_tag_permissions().and_then(|permissions| permissions.read.as_ref());
        let read_schemas = rules.stated_schema_permissions().and_then(|permissions| permissions.read.as_ref());
        match self {
            Self::TagPermissionsRead => read_tags.is_none_or(|grant| grant.tag_ids.is_empty()),
            Self::SchemaPermissionsRead => read_schemas.is_none_or(|grant| grant.schema_ids.is_empty()),
            Self::IncludeAll
            | Self::IncludeAny
            | Self::ExcludeAny
            | Self::TagExpression
            | Self::AllowedTagIds
            | Self::ExcludedTagIds
            | Self::AllowedNodeIds
            | Self::AllowedNodeTypes
            | Self::ExcludedNodeTypes
            | Self::DateRange => false,
        }
    }

    /// The same rules without this part.
    pub(super) fn without(self, rules: &Rules) -> Rules {
        let mut rules = rules.clone();
        let filters = rules.tag_filters.get_or_insert_default();
        match self {
            Self::IncludeAll => filters.include_all = UniqueVec::default(),
            Self::IncludeAny => filters.include_any = UniqueVec::default(),
            Self::ExcludeAny => filters.exclude_any = UniqueVec::default(),
            Self::TagExpression => rules.tag_expression = None,
            Self::AllowedTagIds => rules.allowed_tag_ids = UniqueVec::default(),
            Self::ExcludedTagIds => rules.excluded_tag_ids = UniqueVec::default(),
            Self::AllowedNodeIds => rules.allowed_node_ids = UniqueVec::default(),
            Self::AllowedNodeTypes => rules.allowed_node_types = UniqueVec::default(),
            Self::ExcludedNodeTypes => rules.excluded_node_types = UniqueVec::default(),
            Self::DateRange => (rules.date_range_start, rules.date_range_end) = (None, None),
            Self::TagPermissionsRead => rules.tag_permissions = None,
            Self::SchemaPermissionsRead => rules.schema_permissions = None,
        }
        rules
    }

    /// The rules `of` with this part as it is in `source`.
    pub(super) fn taken_from(self, source: &Rules, of: &Rules) -> Rules {
        let mut rules = of.clone();
        let filters = rules.tag_filters.get_or_insert_default();
        let source_filters = source.tag_filters.clone().unwrap_or_default();
        match self {
            Self::IncludeAll => filters.include_all = source_filters.include_all,
            Self::IncludeAny => filters.include_any = source_filters.include_any,
            Self::ExcludeAny => filters.exclude_any = source_filters.exclude_any,
            Self::TagExpression => rules.tag_expression.clone_from(&source.tag_expression),
            Self::AllowedTagIds => {
                rules.allowed_tag_ids = source.allowed_tag_ids.clone();
                rules.allowed_tags_logic = source.allowed_tags_logic;
            }
            Self::ExcludedTagIds => rules.excluded_tag_ids = source.excluded_tag_ids.clone(),
            Self::AllowedNodeIds => rules.allowed_node_ids = source.allowed_node_ids.clone(),
            Self::AllowedNodeTypes => rules.allowed_node_types = source.allowed_node_types.clone(),
            Self::ExcludedNodeTypes => rules.excluded_node_types = source.excluded_node_types.clone(),
            Self::DateRange => {
                rules.date_range_start = source.date_range_start;
                rules.date_range_end = source.date_range_end;
            }
            Self::TagPermissionsRead => rules.tag_permissions.clone_from(&source.tag_permissions),
            Self::SchemaPermissionsRead => rules.schema_permissions.clone_from(&source.schema_permissions),
        }
        rules
    }

    /// The parts in which two versions differ.
    pub(super) fn changed(before: &Rules, after: &Rules) -> Vec<Self> {
        Self::ALL.into_iter().filter(|part| part.is_changed(before, after)).collect()
    }

    fn is_changed(self, before: &Rules, after: &Rules) -> bool {
        let none = TagFilters::default();
        let [one, other] = [before, after].map(|rules| rules.tag_filters.as_ref().unwrap_or(&none));
        match self {
            Self::IncludeAll => one.include_all != other.include_all,
            Self::IncludeAny => one.include_any != other.include_any,
            Self::ExcludeAny => one.exclude_any != other.exclude_any,
            Self::TagExpression => before.tag_expression != after.tag_expression,
            Self::AllowedTagIds => {
                before.allowed_tag_ids != after.allowed_tag_ids || before.allowed_tags_logic != after.allowed_tags_logic
            }
            Self::ExcludedTagIds => before.excluded_tag_ids != after.excluded_tag_ids,
            Self::AllowedNodeIds => before.allowed_node_ids != after.allowed_node_ids,
            Self::AllowedNodeTypes => before.allowed_node_types != after.allowed_node_types,
            Self::ExcludedNodeTypes => before.excluded_node_types != after.excluded_node_types,
            Self::DateRange => {
                (before.date_range_start, before.date_range_end) != (after.date_range_start, after.date_range_end)
            }
            Self::TagPermissionsRead => {
                let read = |rules: &Rules| rules.stated_tag_permissions().map(|permissions| permissions.read.clone());
                read(before) != read(after)
            }
            Self::SchemaPermissionsRead => {
                let read =
                    |rules: &Rules| rules.stated_schema_permissions().map(|permissions| permissions.read.clone());
                read(before) != read(after)
            }
        }
    }

    /// The same rules with no other parts than these.
    pub(super) fn only(parts: &[Self], rules: &Rules) -> Rules {
        let others = Self::ALL.into_iter().filter(|part| !parts.contains(part));
        others.fold(rules.clone(), |rules, part| part.without(&rules))
    }
}

/// The same rules, one excluded type less.
pub(super) fn without_excluded_type(excluded: &NodeType, rules: &Rules) -> Rules {
    let kept = rules.excluded_node_types.iter().filter(|kind| *kind != excluded).cloned().collect();
    Rules { excluded_node_types: UniqueVec::new(kept), ..rules.clone() }
}

/// How many tags and types are named, over all parts.
pub(super) fn names(rules: &Rules) -> usize {
    named_lists(rules).into_iter().flatten().map(|tags| tags.iter().count()).sum::<usize>()
        + rules.tag_expression.as_ref().map_or(0, leaf_count)
        + rules.allowed_node_types.len()
        + rules.excluded_node_types.len()
}

/// Whether no tag stands in two places, nor twice in the expression, and types are not both allowed and excluded: then no
/// part meets another, and nothing can follow but from one part alone.
pub(super) fn are_independent(rules: &Rules) -> bool {
    let mut seen = HashSet::new();
    let types_meet = !rules.allowed_node_types.is_empty() && !rules.excluded_node_types.is_empty();
    !types_meet && tag_lists(rules).flatten().all(|tag| seen.insert(tag))
}

/// All lists of tags that decide about exposure; the tags of the expression once for each occurrence.
fn tag_lists(rules: &Rules) -> impl Iterator<Item = Vec<&str>> {
    let mut expression = Vec::new();
    if let Some(below) = &rules.tag_expression {
        leaves(below, &mut expression);
    }
    named_lists(rules).into_iter().map(list).chain([expression])
}

/// The lists of tags outside of the expression.
fn named_lists(rules: &Rules) -> [Option<&UniqueVec<TagRef>>; 6] {
    let filters = rules.tag_filters.as_ref();
    let read = rules.stated_tag_permissions().and_then(|permissions| permissions.read.as_ref());
    [
        filters.map(|filters| &filters.include_all),
        filters.map(|filters| &filters.include_any),
        filters.map(|filters| &filters.exclude_any),
        Some(&rules.allowed_tag_ids),
        Some(&rules.excluded_tag_ids),
        read.map(|grant| &grant.tag_ids),
    ]
}

/// The number of tags that [`leaves`] finds.
fn leaf_count(expression: &TagExpression) -> usize {
    match expression {
        TagExpression::Tag { ids, .. } => 1 + ids.len(),
        TagExpression::Operation { conditions, .. } => conditions.iter().map(leaf_count).sum(),
    }
}

fn leaves<'a>(expression: &'a TagExpression, found: &mut Vec<&'a str>) {
    match expression {
        TagExpression::Tag { tag, ids } => {
            found.push(tag.as_str());
            found.extend(ids.iter().map(TagId::as_str));
        }
        TagExpression::Operation { conditions, .. } => conditions.iter().for_each(|below| leaves(below, found)),
    }
}

fn list(tags: Option<&UniqueVec<TagRef>>) -> Vec<&str> {
    tags.into_iter().flatten().map(TagRef::as_str).collect()
}
