//! A profile as its owner sees it.

use grpc_server::timestamp;
use ofself_proto::exposure::{self as wire, tag_expression};
use types::{Page, UniqueVec};

use super::permissions::{shown_schema_permissions, shown_tag_permissions};
use crate::domain::{
    Description, DetailLevel, Profile, Rules, ShownProfile, TagExpression, TagFilters, TagOp, TagRef, TagsLogic,
    Transformation, Warning,
};

/// A profile that a dry run would store: without id, times and version.
pub(in crate::grpc) fn unsaved(shown: ShownProfile) -> wire::Profile {
    wire::Profile { id: String::new(), created_at: None, updated_at: None, version: 0, ..profile(shown) }
}

pub(in crate::grpc) fn profile(shown: ShownProfile) -> wire::Profile {
    let ShownProfile { profile, warnings } = shown;
    let Profile {
        id,
        owner,
        name,
        description,
        rules,
        // Among those that are shown.
        formula_warnings: _,
        is_active,
        is_default,
        created_at,
        updated_at,
        version,
    } = profile;
    wire::Profile {
        id: id.to_string(),
        owner_id: owner.to_string(),
        draft: Some(draft(name.as_str(), description.as_ref(), rules)),
        is_active,
        is_default,
        created_at: Some(timestamp(created_at)),
        updated_at: Some(timestamp(updated_at)),
        warnings: warnings.into_iter().map(warning).collect(),
        version,
    }
}

pub(in crate::grpc) fn warning(warning: Warning) -> wire::Warning {
    let Warning { code, message, fields } = warning;
    wire::Warning { code: code.name().to_owned(), message, fields }
}

pub(in crate::grpc) fn profiles(page: Page<ShownProfile>) -> wire::ListProfilesResponse {
    let (profiles, total, limit, offset) = page.map(profile).into_parts();
    wire::ListProfilesResponse { profiles, total, limit, offset }
}

fn draft(name: &str, description: Option<&Description>, rules: Rules) -> wire::ProfileDraft {
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
        transformations,
        max_detail_level,
        tag_permissions,
        schema_permissions,
    } = rules;
    wire::ProfileDraft {
        name: Some(name.to_owned()),
        description: description.map(|text| text.as_str().to_owned()),
        tag_filters: tag_filters.map(shown_filters),
        tag_expression: tag_expression.map(expression),
        allowed_tag_ids: tags(&allowed_tag_ids),
        allowed_tags_logic: allowed_tags_logic.map_or(wire::TagsLogic::Unspecified, tags_logic).into(),
        excluded_tag_ids: tags(&excluded_tag_ids),
        allowed_node_ids: allowed_node_ids.iter().map(ToString::to_string).collect(),
        allowed_node_types: allowed_node_types.iter().map(|kind| kind.as_str().to_owned()).collect(),
        excluded_node_types: excluded_node_types.iter().map(|kind| kind.as_str().to_owned()).collect(),
        date_range_start: date_range_start.map(timestamp),
        date_range_end: date_range_end.map(timestamp),
        transformations: transformations.iter().map(|known: &Transformation| known.name().to_owned()).collect(),
        max_detail_level: max_detail_level.map_or(wire::DetailLevel::Unspecified, detail_level).into(),
        tag_permissions: tag_permissions.map(shown_tag_permissions),
        schema_permissions: schema_permissions.map(shown_schema_permissions),
    }
}

fn tags(tags: &UniqueVec<TagRef>) -> Vec<String> {
    tags.iter().map(|tag| tag.as_str().to_owned()).collect()
}

fn shown_filters(filters: TagFilters) -> wire::TagFilters {
    let TagFilters { include_all, include_any, exclude_any } = filters;
    wire::TagFilters {
        include_all: tags(&include_all),
        include_any: tags(&include_any),
        exclude_any: tags(&exclude_any),
    }
}

fn expression(expression: TagExpression) -> wire::TagExpression {
    let expression = match expression {
        TagExpression::Tag { tag, ids: _ } => tag_expression::Expression::Tag(tag.as_str().to_owned()),
        TagExpression::Operation { op, conditions } => {
            let op = match op {
                TagOp::And => tag_expression::Op::And,
                TagOp::Or => tag_expression::Op::Or,
                TagOp::Not => tag_expression::Op::Not,
            };
            tag_expression::Expression::Operation(tag_expression::Operation {
                op: op.into(),
                conditions: conditions.into_iter().map(self::expression).collect(),
            })
        }
    };
    wire::TagExpression { expression: Some(expression) }
}

fn tags_logic(logic: TagsLogic) -> wire::TagsLogic {
    match logic {
        TagsLogic::Or => wire::TagsLogic::Or,
        TagsLogic::And => wire::TagsLogic::And,
    }
}

pub(super) fn detail_level(level: DetailLevel) -> wire::DetailLevel {
    match level {
        DetailLevel::Full => wire::DetailLevel::Full,
        DetailLevel::Summary => wire::DetailLevel::Summary,
        DetailLevel::Minimal => wire::DetailLevel::Minimal,
    }
}
