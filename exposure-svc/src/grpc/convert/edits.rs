//! The requested fields of a profile.

use grpc_server::read_timestamp;
use ofself_proto::exposure::{self as wire, tag_expression};
use prost_types::FieldMask;
use types::{FieldErrors, FieldUpdate, Id, UniqueVec};

use super::permissions::{self, tags};
use crate::domain::{
    Description, DetailLevel, NodeType, ProfileEdits, ProfileName, TagExpression, TagFilterEdits, TagOp, TagRef,
    TagsLogic, Transformation,
};

/// The fields of a new profile.
pub(in crate::grpc) fn creation(draft: Option<wire::ProfileDraft>) -> ProfileEdits {
    draft_edits(draft.unwrap_or_default())
}

/// The edits of an update: the fields that the mask names.
pub(in crate::grpc) fn update(
    draft: Option<wire::ProfileDraft>,
    is_active: Option<bool>,
    is_default: Option<bool>,
    mask: Option<FieldMask>,
) -> ProfileEdits {
    let named = draft_edits(draft.unwrap_or_default());
    let mut edits = ProfileEdits::default();
    let mut unreadable = named.unreadable;
    for path in mask.unwrap_or_default().paths {
        match path.as_str() {
            "name" => edits.name = cleared(&named.name),
            "description" => edits.description = cleared(&named.description),
            "tag_filters" => {
                let TagFilterEdits { include_all, include_any, exclude_any } = &named.tag_filters;
                edits.tag_filters = TagFilterEdits {
                    include_all: cleared(include_all),
                    include_any: cleared(include_any),
                    exclude_any: cleared(exclude_any),
                };
            }
            "tag_filters.include_all" => edits.tag_filters.include_all = cleared(&named.tag_filters.include_all),
            "tag_filters.include_any" => edits.tag_filters.include_any = cleared(&named.tag_filters.include_any),
            "tag_filters.exclude_any" => edits.tag_filters.exclude_any = cleared(&named.tag_filters.exclude_any),
            "tag_expression" => edits.tag_expression = cleared(&named.tag_expression),
            "allowed_tag_ids" => edits.allowed_tag_ids = cleared(&named.allowed_tag_ids),
            "allowed_tags_logic" => edits.allowed_tags_logic = cleared(&named.allowed_tags_logic),
            "excluded_tag_ids" => edits.excluded_tag_ids = cleared(&named.excluded_tag_ids),
            "allowed_node_ids" => edits.allowed_node_ids = cleared(&named.allowed_node_ids),
            "allowed_node_types" => edits.allowed_node_types = cleared(&named.allowed_node_types),
            "excluded_node_types" => edits.excluded_node_types = cleared(&named.excluded_node_types),
            "date_range_start" => edits.date_range_start = cleared(&named.date_range_start),
            "date_range_end" => edits.date_range_end = cleared(&named.date_range_end),
            "transformations" => edits.transformations = cleared(&named.transformations),
            "max_detail_level" => edits.max_detail_level = cleared(&named.max_detail_level),
            "tag_permissions" => edits.tag_permissions = cleared(&named.tag_permissions),
            "schema_permissions" => edits.schema_permissions = cleared(&named.schema_permissions),
            "is_active" => edits.is_active = FieldUpdate::of(is_active),
            "is_default" => edits.is_default = FieldUpdate::of(is_default),
            unknown => unreadable.add("update_mask", format!("names `{unknown}`, which cannot be changed")),
        }
    }
    ProfileEdits { unreadable, ..edits }
}

/// A field in the mask: if absent, it is cleared.
fn cleared<T: Clone>(edit: &FieldUpdate<T>) -> FieldUpdate<T> {
    match edit {
        FieldUpdate::Keep | FieldUpdate::Clear => FieldUpdate::Clear,
        FieldUpdate::Set(value) => FieldUpdate::Set(value.clone()),
    }
}

fn draft_edits(draft: wire::ProfileDraft) -> ProfileEdits {
    let wire::ProfileDraft {
        name,
        description,
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
        transformations,
        max_detail_level,
        tag_permissions,
        schema_permissions,
    } = draft;
    let mut errors = FieldErrors::new();
    let e = &mut errors;
    ProfileEdits {
        name: set(name.and_then(|name| readable(ProfileName::parse(&name), "name", e))),
        description: set(description.and_then(|text| readable(Description::parse(text), "description", e))),
        tag_filters: self::tag_filters(tag_filters.unwrap_or_default(), e),
        tag_expression: set(tag_expression.and_then(|wire| expression_within_bounds(wire, e))),
        allowed_tag_ids: list(tags(allowed_tag_ids, "allowed_tag_ids", e)),
        allowed_tags_logic: set(tags_logic(allowed_tags_logic, e)),
        excluded_tag_ids: list(tags(excluded_tag_ids, "excluded_tag_ids", e)),
        allowed_node_ids: list(UniqueVec::parse(allowed_node_ids, "allowed_node_ids", Id::parse, e)),
        allowed_node_types: list(UniqueVec::parse(allowed_node_types, "allowed_node_types", NodeType::parse, e)),
        excluded_node_types: list(UniqueVec::parse(excluded_node_types, "excluded_node_types", NodeType::parse, e)),
        date_range_start: set(read_timestamp(date_range_start, "date_range_start", e)),
        date_range_end: set(read_timestamp(date_range_end, "date_range_end", e)),
        transformations: list(UniqueVec::parse(
            transformations,
            "transformations",
            |name| Transformation::parse(&name),
            e,
        )),
        max_detail_level: set(detail_level(max_detail_level, e)),
        tag_permissions: set(tag_permissions.and_then(|wire| permissions::tag_permissions(wire, e))),
        schema_permissions: set(schema_permissions.and_then(|wire| permissions::schema_permissions(wire, e))),
        is_active: FieldUpdate::Keep,
        is_default: FieldUpdate::Keep,
        unreadable: errors,
    }
}

fn set<T>(value: Option<T>) -> FieldUpdate<T> {
    value.map_or(FieldUpdate::Keep, FieldUpdate::Set)
}

/// An empty list is the same as none.
fn list<T>(items: UniqueVec<T>) -> FieldUpdate<UniqueVec<T>> {
    if items.is_empty() { FieldUpdate::Keep } else { FieldUpdate::Set(items) }
}

fn readable<T, E: std::fmt::Display>(parsed: Result<T, E>, field: &str, errors: &mut FieldErrors) -> Option<T> {
    parsed.map_err(|error| errors.add(field, error.to_string())).ok()
}

fn tag_filters(filters: wire::TagFilters, errors: &mut FieldErrors) -> TagFilterEdits {
    let wire::TagFilters { include_all, include_any, exclude_any } = filters;
    TagFilterEdits {
        include_all: list(tags(include_all, "tag_filters.include_all", errors)),
        include_any: list(tags(include_any, "tag_filters.include_any", errors)),
        exclude_any: list(tags(exclude_any, "tag_filters.exclude_any", errors)),
    }
}

fn expression_within_bounds(expression: wire::TagExpression, errors: &mut FieldErrors) -> Option<TagExpression> {
    let expression = self::expression(expression, "tag_expression", errors)?;
    expression.check("tag_expression", errors);
    Some(expression)
}

/// As deep as the decoder of the wire lets a message be; what is too deep for the rules is said by the rules.
fn expression(expression: wire::TagExpression, path: &str, errors: &mut FieldErrors) -> Option<TagExpression> {
    match expression.expression {
        None => {
            errors.add(path, "must hold either tag, or op and conditions");
            None
        }
        Some(tag_expression::Expression::Tag(tag)) => {
            let tag = readable(TagRef::parse(&tag), &format!("{path}.tag"), errors)?;
            Some(TagExpression::tag(tag))
        }
        Some(tag_expression::Expression::Operation(wire::tag_expression::Operation { op, conditions })) => {
            let op = operator(op, path, errors);
            let conditions: Vec<_> = conditions
                .into_iter()
                .enumerate()
                .map(|(index, below)| self::expression(below, &format!("{path}.conditions[{index}]"), errors))
                .collect();
            Some(TagExpression::Operation { op: op?, conditions: conditions.into_iter().collect::<Option<_>>()? })
        }
    }
}

fn operator(op: i32, path: &str, errors: &mut FieldErrors) -> Option<TagOp> {
    use wire::tag_expression::Op;
    match Op::try_from(op) {
        Ok(Op::And) => Some(TagOp::And),
        Ok(Op::Or) => Some(TagOp::Or),
        Ok(Op::Not) => Some(TagOp::Not),
        Ok(Op::Unspecified) | Err(_) => {
            errors.add(format!("{path}.op"), "must be AND, OR or NOT");
            None
        }
    }
}

fn tags_logic(logic: i32, errors: &mut FieldErrors) -> Option<TagsLogic> {
    match wire::TagsLogic::try_from(logic) {
        Ok(wire::TagsLogic::Unspecified) => None,
        Ok(wire::TagsLogic::Or) => Some(TagsLogic::Or),
        Ok(wire::TagsLogic::And) => Some(TagsLogic::And),
        Err(_) => {
            errors.add("allowed_tags_logic", "must be OR or AND");
            None
        }
    }
}

fn detail_level(level: i32, errors: &mut FieldErrors) -> Option<DetailLevel> {
    match wire::DetailLevel::try_from(level) {
        Ok(wire::DetailLevel::Unspecified) => None,
        Ok(wire::DetailLevel::Full) => Some(DetailLevel::Full),
        Ok(wire::DetailLevel::Summary) => Some(DetailLevel::Summary),
        Ok(wire::DetailLevel::Minimal) => Some(DetailLevel::Minimal),
        Err(_) => {
            errors.add("max_detail_level", "must be full, summary or minimal");
            None
        }
    }
}
