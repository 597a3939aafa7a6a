//! A profile compiled for many decisions.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use types::Timestamp;

use super::{
    NodeFacts,
    expression_program::ExpressionProgram,
    node_facts::FREEFORM,
    tag_index::{FEW_WORDS, MOST_WORDS, Role, SlotSet, TagIndex, TagIndexBuilder},
};
use crate::domain::{Rules, TagFilters, TagsLogic};

/// A profile made ready to be asked many times: lists are sets, tags that must be told apart are bits, the expression is a
/// list of tests. A question allocates nothing.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says whether a part of the profile is stated")]
pub struct CompiledProfile {
    is_active: bool,
    tags: TagIndex,
    has_include_any: bool,
    /// `include_all`, and `allowed_tag_ids` under AND.
    required: SlotSet,
    has_allowed_any: bool,
    expression: Option<ExpressionProgram>,
    picked: HashSet<Box<str>, RandomState>,
    types: HashMap<Box<str>, TypeRole, RandomState>,
    has_allowed_types: bool,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// Some inclusion filter is stated.
    is_filtered: bool,
    reads_tags: Reads,
    reads_schemas: Reads,
    schemas: HashSet<Box<str>, RandomState>,
    /// Whether nodes without a schema may be read.
    reads_freeform: bool,
}

/// The meaning of a node type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TypeRole {
    Allowed,
    /// Also when it is allowed.
    Excluded,
}

/// The extent of a `read` permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    Everything,
    Named,
}

impl CompiledProfile {
    /// Compiles the rules of a profile.
    pub fn new(rules: &Rules, is_active: bool) -> Self {
        // Every part is named: one that is added later cannot be forgotten here.
        let Rules {
            tag_filters,
            tag_expression,
            allowed_tag_ids,
            allowed_tags_logic,
            excluded_tag_ids,
            allowed_node_ids,
            allowed_node_types,
            excluded_node_types,
            date_range_start,
            date_range_end,
            transformations: _,
            max_detail_level: _,
            tag_permissions: _,
            schema_permissions: _,
        } = rules;
        let no_filters = TagFilters::default();
        let TagFilters { include_all, include_any, exclude_any } = tag_filters.as_ref().unwrap_or(&no_filters);
        let mut tags = TagIndexBuilder::default();
        let mut required = SlotSet::default();
        include_any.iter().for_each(|tag| tags.mark(tag, Role::Includes));
        exclude_any.iter().chain(excluded_tag_ids).for_each(|tag| tags.mark(tag, Role::Excludes));
        include_all.iter().for_each(|tag| required.add(tags.slot(tag, [])));
        let needs_all = *allowed_tags_logic == Some(TagsLogic::And);
        for tag in allowed_tag_ids {
            if needs_all { required.add(tags.slot(tag, [])) } else { tags.mark(tag, Role::Allows) }
        }
        let expression = tag_expression.as_ref().map(|expression| ExpressionProgram::new(expression, &mut tags));

        let allowed = allowed_node_types.iter().map(|kind| (kind.as_str().into(), TypeRole::Allowed));
        let excluded = excluded_node_types.iter().map(|kind| (kind.as_str().into(), TypeRole::Excluded));
        let types = allowed.chain(excluded).collect();

        let mut reads_tags = Reads::Everything;
        if let Some(permissions) = rules.stated_tag_permissions() {
            let read = permissions.read.as_ref();
            if !read.is_some_and(|grant| grant.allow_all) {
                reads_tags = Reads::Named;
                read.into_iter().flat_map(|grant| &grant.tag_ids).for_each(|tag| tags.mark(tag, Role::Reads));
            }
        }
        let mut reads_schemas = Reads::Everything;
        let mut schemas = HashSet::default();
        if let Some(permissions) = rules.stated_schema_permissions() {
            let read = permissions.read.as_ref();
            if !read.is_some_and(|grant| grant.allow_all) {
                reads_schemas = Reads::Named;
                schemas = read.into_iter().flat_map(|grant| &grant.schema_ids).map(|id| id.as_str().into()).collect();
            }
        }
        Self {
            is_active,
            tags: tags.build(),
            has_include_any: !include_any.is_empty(),
            required,
            has_allowed_any: !allowed_tag_ids.is_empty() && !needs_all,
            expression,
            picked: allowed_node_ids.iter().map(|id| id.as_str().into()).collect(),
            types,
            has_allowed_types: !allowed_node_types.is_empty(),
            start: *date_range_start,
            end: *date_range_end,
            is_filtered: rules.states_inclusion(),
            reads_tags,
            reads_schemas,
            reads_freeform: schemas.contains(FREEFORM),
            schemas,
        }
    }

    /// Whether `node` is exposed.
    pub fn exposes(&self, node: &NodeFacts<'_>) -> bool {
        if !self.is_active {
            return false;
        }
        let kind = if self.types.is_empty() { None } else { self.types.get(node.node_type).copied() };
        if kind == Some(TypeRole::Excluded) {
            return false;
        }
        if self.reads_schemas == Reads::Named
            && !node.schema.map_or(self.reads_freeform, |id| self.schemas.contains(id))
        {
            return false;
        }
        if self.tags.has_few_slots() {
            self.exposes_by_tags::<FEW_WORDS>(node, kind)
        } else {
            self.exposes_by_tags::<MOST_WORDS>(node, kind)
        }
    }

    fn exposes_by_tags<const WORDS: usize>(&self, node: &NodeFacts<'_>, kind: Option<TypeRole>) -> bool {
        let tags = self.tags.see::<WORDS>(node.tags);
        if tags.has(Role::Excludes) || (self.reads_tags == Reads::Named && !tags.has(Role::Reads)) {
            return false;
        }
        if !self.picked.is_empty() && self.picked.contains(node.id) {
            return true;
        }
        if !self.is_filtered {
            return self.picked.is_empty();
        }
        (!self.has_allowed_types || kind == Some(TypeRole::Allowed))
            && (!self.has_include_any || tags.has(Role::Includes))
            && (!self.has_allowed_any || tags.has(Role::Allows))
            && tags.has_all(&self.required)
            && self.start.is_none_or(|start| start <= node.created_at)
            && self.end.is_none_or(|end| node.created_at < end)
            && self.expression.as_ref().is_none_or(|expression| expression.holds(&tags))
    }
}
