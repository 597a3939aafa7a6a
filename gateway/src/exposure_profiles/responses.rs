//! Profiles as clients see them.

use ofself_proto::exposure::{Profile, ProfileDraft, TagFilters, Warning};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    permissions::{SchemaPermissions, TagPermissions, schema_permissions_json, tag_permissions_json},
    requests::{DetailLevel, TagsLogic, Transformation},
    tag_expression::{TagExpression, expression_json},
};
use crate::{
    answer::{Entity, Paging},
    error::ApiError,
    timestamp,
};

/// An exposure profile
#[derive(Serialize, ToSchema)]
#[schema(as = Profile, example = json!({
    "id": "0198c0de-0000-7000-8000-000000000002", "owner_id": "alice", "name": "Work apps", "description": null,
    "tag_filters": {"include_all": [], "include_any": ["work"], "exclude_any": ["private"]}, "tag_expression": null,
    "allowed_tag_ids": [], "allowed_tags_logic": null, "excluded_tag_ids": [], "allowed_node_ids": [],
    "allowed_node_types": [], "excluded_node_types": [], "date_range_start": null, "date_range_end": null,
    "transformations": ["redact_pii"], "max_detail_level": "summary", "tag_permissions": null, "schema_permissions": null,
    "is_active": true, "is_default": false, "created_at": "2026-11-21T09:00:00Z", "updated_at": "2026-11-21T09:00:00Z",
    "warnings": []
}))]
pub(super) struct ProfileBody {
    /// A UUID, assigned at creation; `null` in the response to `validate_only`
    #[schema(value_type = Option<String>, required)]
    id: String,
    /// The owner
    owner_id: String,
    /// The name
    name: String,
    /// The description
    #[schema(required)]
    description: Option<String>,
    #[schema(required)]
    tag_filters: Option<TagFiltersBody>,
    #[schema(required, value_type = Option<TagExpression>)]
    tag_expression: Option<Value>,
    /// Only nodes with these tags
    allowed_tag_ids: Vec<String>,
    #[schema(required)]
    allowed_tags_logic: Option<TagsLogic>,
    /// No nodes with these tags
    excluded_tag_ids: Vec<String>,
    /// Nodes picked by hand
    allowed_node_ids: Vec<String>,
    /// Only nodes of these types
    allowed_node_types: Vec<String>,
    /// No nodes of these types
    excluded_node_types: Vec<String>,
    /// Nodes created at this time or later
    #[schema(required, value_type = Option<String>, format = DateTime)]
    date_range_start: Option<String>,
    /// Nodes created before this time
    #[schema(required, value_type = Option<String>, format = DateTime)]
    date_range_end: Option<String>,
    /// Transformations of the content, in this order
    #[schema(value_type = Vec<Transformation>)]
    transformations: Vec<String>,
    #[schema(required)]
    max_detail_level: Option<DetailLevel>,
    #[schema(required, value_type = Option<TagPermissions>)]
    tag_permissions: Option<Value>,
    #[schema(required, value_type = Option<SchemaPermissions>)]
    schema_permissions: Option<Value>,
    /// An inactive profile exposes nothing
    is_active: bool,
    /// Whether it is the default profile
    is_default: bool,
    /// When it was created; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<String>,
    /// When it was last changed; `null` in the response to `validate_only`
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<String>,
    /// Effects that its owner may not intend
    warnings: Vec<WarningBody>,
    /// If requested
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    yaml: Option<String>,
}

/// Which nodes an app may see, by their tags
#[derive(Serialize, ToSchema)]
#[schema(as = ShownTagFilters)]
struct TagFiltersBody {
    /// Nodes that have all of these
    include_all: Vec<String>,
    /// Nodes that have any of these
    include_any: Vec<String>,
    /// No nodes that have any of these
    exclude_any: Vec<String>,
}

/// An effect of a profile that its owner may not intend
#[derive(Serialize, ToSchema)]
#[schema(as = Warning)]
pub(crate) struct WarningBody {
    #[schema(value_type = WarningCode)]
    code: String,
    /// For a person to read
    message: String,
    /// The parts of the profile that it speaks of
    fields: Vec<String>,
}

/// The kinds of warnings
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum WarningCode {
    ExposesEverything,
    ExposesNothing,
    NoEffect,
    TagDeleted,
    TagUnknown,
    Widened,
}

/// A page of exposure profiles
#[derive(Serialize, ToSchema)]
#[schema(as = ProfilePage)]
pub(super) struct ProfilesBody {
    pub(super) exposure_profiles: Vec<ProfileBody>,
    #[serde(flatten)]
    pub(super) paging: Paging,
}

/// A profile in YAML
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileYaml {
    /// The text
    pub(super) yaml: String,
}

impl ProfileBody {
    /// The same profile with its YAML.
    pub(super) fn with_yaml(self, yaml: Option<String>) -> Self {
        Self { yaml, ..self }
    }
}

/// A profile of the service as an entity with its tag. `yaml` is added and does not change the tag.
pub(super) fn entity(profile: Option<Profile>, yaml: Option<String>) -> Result<Entity, ApiError> {
    let profile = profile.ok_or_else(ApiError::internal)?;
    let version = profile.version;
    let body = body(profile);
    let entity = Entity::new(version, &body)?;
    match yaml {
        None => Ok(entity),
        Some(yaml) => entity.with_more(&ProfileBody { yaml: Some(yaml), ..body }),
    }
}

pub(super) fn body(profile: Profile) -> ProfileBody {
    let Profile { id, owner_id, draft, is_active, is_default, created_at, updated_at, warnings, version: _ } = profile;
    let ProfileDraft {
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
    } = draft.unwrap_or_default();
    ProfileBody {
        id,
        owner_id,
        name: name.unwrap_or_default(),
        description,
        tag_filters: tag_filters.map(|TagFilters { include_all, include_any, exclude_any }| TagFiltersBody {
            include_all,
            include_any,
            exclude_any,
        }),
        tag_expression: tag_expression.map(expression_json),
        allowed_tag_ids,
        allowed_tags_logic: TagsLogic::from_wire(allowed_tags_logic),
        excluded_tag_ids,
        allowed_node_ids,
        allowed_node_types,
        excluded_node_types,
        date_range_start: date_range_start.map(timestamp::written),
        date_range_end: date_range_end.map(timestamp::written),
        transformations,
        max_detail_level: DetailLevel::from_wire(max_detail_level),
        tag_permissions: tag_permissions.map(tag_permissions_json),
        schema_permissions: schema_permissions.map(schema_permissions_json),
        is_active,
        is_default,
        created_at: created_at.map(timestamp::written),
        updated_at: updated_at.map(timestamp::written),
        warnings: self::warnings(warnings),
        yaml: None,
    }
}

/// Warnings as clients see them.
pub(crate) fn warnings(warnings: Vec<Warning>) -> Vec<WarningBody> {
    warnings.into_iter().map(|Warning { code, message, fields }| WarningBody { code, message, fields }).collect()
}
