//! The requested fields of a new profile or of an update.

use std::collections::HashSet;

use types::{FieldErrors, FieldUpdate, Timestamp, UniqueVec};

use super::{
    Description, DetailLevel, NodeId, NodeType, Profile, ProfileName, Rules, SchemaPermissions, TagDirectory,
    TagExpression, TagFilters, TagPermissions, TagRef, TagsLogic, Transformation,
};

/// What a person asks of a profile, each field on its own known to be right or named in `unreadable`.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ProfileEdits {
    pub name: FieldUpdate<ProfileName>,
    pub description: FieldUpdate<Description>,
    pub tag_filters: TagFilterEdits,
    pub tag_expression: FieldUpdate<TagExpression>,
    pub allowed_tag_ids: FieldUpdate<UniqueVec<TagRef>>,
    pub allowed_tags_logic: FieldUpdate<TagsLogic>,
    pub excluded_tag_ids: FieldUpdate<UniqueVec<TagRef>>,
    pub allowed_node_ids: FieldUpdate<UniqueVec<NodeId>>,
    pub allowed_node_types: FieldUpdate<UniqueVec<NodeType>>,
    pub excluded_node_types: FieldUpdate<UniqueVec<NodeType>>,
    pub date_range_start: FieldUpdate<Timestamp>,
    pub date_range_end: FieldUpdate<Timestamp>,
    pub transformations: FieldUpdate<UniqueVec<Transformation>>,
    pub max_detail_level: FieldUpdate<DetailLevel>,
    pub tag_permissions: FieldUpdate<TagPermissions>,
    pub schema_permissions: FieldUpdate<SchemaPermissions>,
    pub is_active: FieldUpdate<bool>,
    pub is_default: FieldUpdate<bool>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

/// Edits of the lists of `tag_filters`, one by one. Replacing all of them would end an exclusion, or an inclusion, that the request
/// does not name.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the rule")]
pub struct TagFilterEdits {
    pub include_all: FieldUpdate<UniqueVec<TagRef>>,
    pub include_any: FieldUpdate<UniqueVec<TagRef>>,
    pub exclude_any: FieldUpdate<UniqueVec<TagRef>>,
}

impl TagFilterEdits {
    /// The filters after these edits; `None` without a tag in any list.
    fn over(self, current: Option<TagFilters>) -> Option<TagFilters> {
        let TagFilters { include_all, include_any, exclude_any } = current.unwrap_or_default();
        let filters = TagFilters {
            include_all: over_list(self.include_all, include_all),
            include_any: over_list(self.include_any, include_any),
            exclude_any: over_list(self.exclude_any, exclude_any),
        };
        (filters != TagFilters::default()).then_some(filters)
    }

    /// The same edits with these lists in the place of those that are written.
    fn with_lists(self, filters: Option<TagFilters>) -> Self {
        let TagFilters { include_all, include_any, exclude_any } = filters.unwrap_or_default();
        Self {
            include_all: self.include_all.and_then(|_| Some(include_all)),
            include_any: self.include_any.and_then(|_| Some(include_any)),
            exclude_any: self.exclude_any.and_then(|_| Some(exclude_any)),
        }
    }
}

/// A profile's content after edits.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a profile")]
pub struct Edited {
    pub name: ProfileName,
    pub description: Option<Description>,
    pub rules: Rules,
    pub is_active: bool,
    /// Whether this becomes the default profile, if the update sets it.
    pub is_default: Option<bool>,
}

impl ProfileEdits {
    /// The tags that are written now, wherever.
    pub fn tags(&self) -> HashSet<TagRef> {
        self.tag_rules().tags()
    }

    /// The same edits of `current` with the tags as they are to be stored. What is not edited stays as it is stored.
    #[must_use]
    pub fn resolved(mut self, current: &Rules, directory: &TagDirectory) -> Self {
        let written = self.tag_rules();
        let Rules { tag_filters, tag_expression, allowed_tag_ids, excluded_tag_ids, tag_permissions, .. } =
            written.resolved(current, directory, &mut self.unreadable);
        Self {
            tag_filters: self.tag_filters.with_lists(tag_filters),
            tag_expression: self.tag_expression.and_then(|_| tag_expression),
            allowed_tag_ids: self.allowed_tag_ids.and_then(|_| Some(allowed_tag_ids)),
            excluded_tag_ids: self.excluded_tag_ids.and_then(|_| Some(excluded_tag_ids)),
            tag_permissions: self.tag_permissions.and_then(|_| tag_permissions),
            ..self
        }
    }

    /// The parts with tags, as rules of nothing else.
    fn tag_rules(&self) -> Rules {
        Rules {
            tag_filters: self.tag_filters.clone().over(None),
            tag_expression: self.tag_expression.clone().over(None),
            allowed_tag_ids: self.allowed_tag_ids.clone().over(None).unwrap_or_default(),
            excluded_tag_ids: self.excluded_tag_ids.clone().over(None).unwrap_or_default(),
            tag_permissions: self.tag_permissions.clone().over(None),
            ..Rules::default()
        }
    }

    /// The content of a new profile.
    pub fn create(self) -> Result<Edited, FieldErrors> {
        self.apply(None, None, Rules::default(), true)
    }

    /// The content of `profile` after these edits.
    pub fn update(self, profile: &Profile) -> Result<Edited, FieldErrors> {
        let Profile { name, description, rules, is_active, .. } = profile.clone();
        self.apply(Some(name), description, rules, is_active)
    }

    fn apply(
        self,
        name: Option<ProfileName>,
        description: Option<Description>,
        rules: Rules,
        is_active: bool,
    ) -> Result<Edited, FieldErrors> {
        let mut errors = self.unreadable;
        let before = rules.clone();
        let rules = Rules {
            tag_filters: self.tag_filters.over(rules.tag_filters),
            tag_expression: self.tag_expression.over(rules.tag_expression),
            allowed_tag_ids: over_list(self.allowed_tag_ids, rules.allowed_tag_ids),
            allowed_tags_logic: self.allowed_tags_logic.over(rules.allowed_tags_logic),
            excluded_tag_ids: over_list(self.excluded_tag_ids, rules.excluded_tag_ids),
            allowed_node_ids: over_list(self.allowed_node_ids, rules.allowed_node_ids),
            allowed_node_types: over_list(self.allowed_node_types, rules.allowed_node_types),
            excluded_node_types: over_list(self.excluded_node_types, rules.excluded_node_types),
            date_range_start: self.date_range_start.over(rules.date_range_start),
            date_range_end: self.date_range_end.over(rules.date_range_end),
            transformations: over_list(self.transformations, rules.transformations),
            max_detail_level: self.max_detail_level.over(rules.max_detail_level),
            tag_permissions: self.tag_permissions.over(rules.tag_permissions),
            schema_permissions: self.schema_permissions.over(rules.schema_permissions),
        };
        rules.check(&before, &mut errors);
        let is_active = match self.is_active {
            FieldUpdate::Keep => is_active,
            FieldUpdate::Set(is_active) => is_active,
            FieldUpdate::Clear => {
                errors.add_unless_known("is_active", "must be true or false");
                is_active
            }
        };
        let is_default = match self.is_default {
            FieldUpdate::Keep => None,
            FieldUpdate::Set(is_default) => Some(is_default),
            FieldUpdate::Clear => {
                errors.add_unless_known("is_default", "must be true or false");
                None
            }
        };
        let description = self.description.over(description);
        match self.name.over(name) {
            Some(name) => errors.into_result(Edited { name, description, rules, is_active, is_default }),
            None => {
                errors.add_unless_known("name", "is required");
                Err(errors)
            }
        }
    }
}

fn over_list<T: Clone + Eq + std::hash::Hash>(edit: FieldUpdate<UniqueVec<T>>, current: UniqueVec<T>) -> UniqueVec<T> {
    edit.over(Some(current)).unwrap_or_default()
}
