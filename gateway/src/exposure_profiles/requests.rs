//! The bodies of requests on exposure profiles.

use ofself_proto::exposure::{
    self as wire, CreateProfileFromTemplateRequest, CreateProfileRequest, ProfileDraft, UpdateProfileRequest,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use types::FieldErrors;
use utoipa::ToSchema;

use super::{
    legacy_scope::LegacyScope,
    permissions::{SchemaPermissions, TagPermissions},
    tag_expression::{ExpressionMembers, TagExpression},
};
use crate::{
    description::{IdText, NodeTypeText, TagText},
    json::{Field, List, Mask, ReadOnly},
    timestamp::Rfc3339,
};

/// Which nodes an app may see, by their tags. A tag is named by its id or its name. In an update, an absent list stays as it is, and null
/// or an empty list clears it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TagFilters {
    /// Nodes that have all of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    include_all: Field<List<String>>,
    /// Nodes that have any of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    include_any: Field<List<String>>,
    /// No nodes that have any of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    exclude_any: Field<List<String>>,
}

impl From<TagFilters> for wire::TagFilters {
    fn from(TagFilters { include_all, include_any, exclude_any }: TagFilters) -> Self {
        let list = |list: Field<List<String>>| list.into_option().map(Vec::from).unwrap_or_default();
        Self { include_all: list(include_all), include_any: list(include_any), exclude_any: list(exclude_any) }
    }
}

impl TagFilters {
    /// The lists that an update changes, each in the mask; null clears all of them.
    fn masked(field: Field<Self>, mask: &mut Mask) -> Option<wire::TagFilters> {
        match field {
            Field::Absent | Field::Invalid => None,
            Field::Null => mask.add("tag_filters", Field::Null),
            Field::Value(Self { include_all, include_any, exclude_any }) => Some(wire::TagFilters {
                include_all: mask.add_or_default("tag_filters.include_all", include_all),
                include_any: mask.add_or_default("tag_filters.include_any", include_any),
                exclude_any: mask.add_or_default("tag_filters.exclude_any", exclude_any),
            }),
        }
    }
}

/// How `allowed_tag_ids` are combined
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum TagsLogic {
    Or,
    And,
}

impl TagsLogic {
    pub(super) fn from_wire(logic: i32) -> Option<Self> {
        match wire::TagsLogic::try_from(logic).unwrap_or_default() {
            wire::TagsLogic::Unspecified => None,
            wire::TagsLogic::Or => Some(Self::Or),
            wire::TagsLogic::And => Some(Self::And),
        }
    }
}

impl From<TagsLogic> for i32 {
    fn from(logic: TagsLogic) -> Self {
        match logic {
            TagsLogic::Or => wire::TagsLogic::Or,
            TagsLogic::And => wire::TagsLogic::And,
        }
        .into()
    }
}

/// How much of a node is seen
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DetailLevel {
    Full,
    Summary,
    Minimal,
}

impl DetailLevel {
    pub(super) fn from_wire(level: i32) -> Option<Self> {
        match wire::DetailLevel::try_from(level).unwrap_or_default() {
            wire::DetailLevel::Unspecified => None,
            wire::DetailLevel::Full => Some(Self::Full),
            wire::DetailLevel::Summary => Some(Self::Summary),
            wire::DetailLevel::Minimal => Some(Self::Minimal),
        }
    }
}

impl From<DetailLevel> for i32 {
    fn from(level: DetailLevel) -> Self {
        match level {
            DetailLevel::Full => wire::DetailLevel::Full,
            DetailLevel::Summary => wire::DetailLevel::Summary,
            DetailLevel::Minimal => wire::DetailLevel::Minimal,
        }
        .into()
    }
}

/// A transformation of the content
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transformation {
    RedactPii,
    CoarsenDates,
    StripMetadata,
    PseudonymizeIds,
}

/// A profile to create. `null` is the same as absent.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Work apps", "description": "What my work apps may see", "tag_filters": {"include_any": ["work"], "exclude_any": ["private"]},
    "transformations": ["redact_pii"], "max_detail_level": "summary"
}))]
pub(crate) struct NewProfile {
    /// The name
    #[schema(value_type = String, min_length = 1, max_length = 100, pattern = "\\S")]
    name: Field<String>,
    /// The description
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Field<String>,
    #[schema(value_type = Option<TagFilters>)]
    tag_filters: Field<TagFilters>,
    #[schema(value_type = Option<TagExpression>)]
    tag_expression: Field<ExpressionMembers>,
    /// Only nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    allowed_tag_ids: Field<List<String>>,
    #[schema(value_type = Option<TagsLogic>)]
    allowed_tags_logic: Field<TagsLogic>,
    /// No nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    excluded_tag_ids: Field<List<String>>,
    /// Nodes picked by hand
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    allowed_node_ids: Field<List<String>>,
    /// Only nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    allowed_node_types: Field<List<String>>,
    /// No nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    excluded_node_types: Field<List<String>>,
    /// Nodes created at this time or later
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_start: Field<Rfc3339>,
    /// Nodes created before this time
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_end: Field<Rfc3339>,
    /// In this order
    #[schema(value_type = Option<Vec<Transformation>>, max_items = 1000)]
    transformations: Field<List<String>>,
    #[schema(value_type = Option<DetailLevel>)]
    max_detail_level: Field<DetailLevel>,
    #[schema(value_type = Option<TagPermissions>)]
    tag_permissions: Field<TagPermissions>,
    #[schema(value_type = Option<SchemaPermissions>)]
    schema_permissions: Field<SchemaPermissions>,
    #[schema(value_type = Option<LegacyScope>, deprecated)]
    scope: Field<LegacyScope>,
}

impl NewProfile {
    pub(crate) fn into_message(self, errors: &mut FieldErrors) -> CreateProfileRequest {
        let list = |list: Field<List<String>>| list.into_option().map(Vec::from).unwrap_or_default();
        let beside_scope = [
            ("allowed_node_types", !self.allowed_node_types.is_missing()),
            ("allowed_tag_ids", !self.allowed_tag_ids.is_missing()),
            ("excluded_tag_ids", !self.excluded_tag_ids.is_missing()),
            ("tag_permissions", !self.tag_permissions.is_missing()),
        ];
        let mut draft = ProfileDraft {
            name: self.name.into_option(),
            description: self.description.into_option(),
            tag_filters: self.tag_filters.into_option().map(Into::into),
            tag_expression: ExpressionMembers::into_field(self.tag_expression, errors).into_option(),
            allowed_tag_ids: list(self.allowed_tag_ids),
            allowed_tags_logic: self.allowed_tags_logic.into_option().map(i32::from).unwrap_or_default(),
            excluded_tag_ids: list(self.excluded_tag_ids),
            allowed_node_ids: list(self.allowed_node_ids),
            allowed_node_types: list(self.allowed_node_types),
            excluded_node_types: list(self.excluded_node_types),
            date_range_start: self.date_range_start.into_option().map(Into::into),
            date_range_end: self.date_range_end.into_option().map(Into::into),
            transformations: list(self.transformations),
            max_detail_level: self.max_detail_level.into_option().map(i32::from).unwrap_or_default(),
            tag_permissions: self.tag_permissions.into_option().map(Into::into),
            schema_permissions: self.schema_permissions.into_option().map(Into::into),
        };
        if let Field::Value(scope) = self.scope {
            LegacyScope::validate_alone(beside_scope, errors);
            scope.apply(&mut draft, &mut Mask::default());
        }
        CreateProfileRequest { profile: Some(draft), validate_only: false, dry_run: false }
    }
}

/// What to change of a profile. What is absent stays as it is; `null` clears it. Read-only
/// members are accepted when equal to the current value, so that the response to a GET can be sent back.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"excluded_tag_ids": ["private"], "is_active": true}))]
pub(crate) struct ProfileChange {
    /// The name
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = "\\S", nullable = false)]
    name: Field<String>,
    /// The description
    #[schema(value_type = Option<String>, max_length = 2000)]
    description: Field<String>,
    #[schema(value_type = Option<TagFilters>)]
    tag_filters: Field<TagFilters>,
    #[schema(value_type = Option<TagExpression>)]
    tag_expression: Field<ExpressionMembers>,
    /// Only nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    allowed_tag_ids: Field<List<String>>,
    #[schema(value_type = Option<TagsLogic>)]
    allowed_tags_logic: Field<TagsLogic>,
    /// No nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    excluded_tag_ids: Field<List<String>>,
    /// Nodes picked by hand
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    allowed_node_ids: Field<List<String>>,
    /// Only nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    allowed_node_types: Field<List<String>>,
    /// No nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    excluded_node_types: Field<List<String>>,
    /// Nodes created at this time or later
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_start: Field<Rfc3339>,
    /// Nodes created before this time
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_end: Field<Rfc3339>,
    /// Transformations of the content, in this order
    #[schema(value_type = Option<Vec<Transformation>>, max_items = 1000)]
    transformations: Field<List<String>>,
    #[schema(value_type = Option<DetailLevel>)]
    max_detail_level: Field<DetailLevel>,
    #[schema(value_type = Option<TagPermissions>)]
    tag_permissions: Field<TagPermissions>,
    #[schema(value_type = Option<SchemaPermissions>)]
    schema_permissions: Field<SchemaPermissions>,
    #[schema(value_type = Option<LegacyScope>, deprecated)]
    scope: Field<LegacyScope>,
    /// An inactive profile exposes nothing
    #[schema(value_type = Option<bool>, nullable = false)]
    is_active: Field<bool>,
    /// `true`: make this the default in place of the current one
    #[schema(value_type = Option<bool>, nullable = false)]
    is_default: Field<bool>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    owner_id: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    created_at: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    updated_at: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    warnings: Field<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(value_type = Option<Value>, read_only)]
    yaml: Field<Value>,
}

impl ProfileChange {
    /// The update: present members are changed, `null` clears.
    pub(crate) fn into_message(
        self,
        profile_id: String,
        expected_versions: Vec<i64>,
        errors: &mut FieldErrors,
    ) -> (UpdateProfileRequest, ReadOnly) {
        let mut mask = Mask::default();
        let beside_scope = [
            ("allowed_node_types", self.allowed_node_types.is_set()),
            ("allowed_tag_ids", self.allowed_tag_ids.is_set()),
            ("excluded_tag_ids", self.excluded_tag_ids.is_set()),
            ("tag_permissions", self.tag_permissions.is_set()),
        ];
        let tag_expression = ExpressionMembers::into_field(self.tag_expression, errors);
        let mut draft = ProfileDraft {
            name: mask.add("name", self.name),
            description: mask.add("description", self.description),
            tag_filters: TagFilters::masked(self.tag_filters, &mut mask),
            tag_expression: mask.add("tag_expression", tag_expression),
            allowed_tag_ids: mask.add_or_default("allowed_tag_ids", self.allowed_tag_ids),
            allowed_tags_logic: mask.add_or_default("allowed_tags_logic", self.allowed_tags_logic),
            excluded_tag_ids: mask.add_or_default("excluded_tag_ids", self.excluded_tag_ids),
            allowed_node_ids: mask.add_or_default("allowed_node_ids", self.allowed_node_ids),
            allowed_node_types: mask.add_or_default("allowed_node_types", self.allowed_node_types),
            excluded_node_types: mask.add_or_default("excluded_node_types", self.excluded_node_types),
            date_range_start: mask.add("date_range_start", self.date_range_start).map(Into::into),
            date_range_end: mask.add("date_range_end", self.date_range_end).map(Into::into),
            transformations: mask.add_or_default("transformations", self.transformations),
            max_detail_level: mask.add_or_default("max_detail_level", self.max_detail_level),
            tag_permissions: mask.add("tag_permissions", self.tag_permissions).map(Into::into),
            schema_permissions: mask.add("schema_permissions", self.schema_permissions).map(Into::into),
        };
        if let Field::Value(scope) = self.scope {
            LegacyScope::validate_alone(beside_scope, errors);
            scope.apply(&mut draft, &mut mask);
        }
        let request = UpdateProfileRequest {
            profile_id,
            profile: Some(draft),
            is_active: mask.add("is_active", self.is_active),
            is_default: mask.add("is_default", self.is_default),
            update_mask: Some(mask.into()),
            expected_versions,
            validate_only: false,
            dry_run: false,
        };
        let read_only = ReadOnly::new([
            ("id", self.id),
            ("owner_id", self.owner_id),
            ("created_at", self.created_at),
            ("updated_at", self.updated_at),
            ("warnings", self.warnings),
            ("yaml", self.yaml),
        ]);
        (request, read_only)
    }
}

/// Which profiles there are to begin with
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Template {
    Transparent,
    Restrictive,
}

/// A profile to create from a template
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"template": "restrictive", "name": "Next to nothing"}))]
pub(super) struct ProfileFromTemplate {
    #[schema(value_type = Template)]
    template: Field<String>,
    /// The name; the name of the template if absent
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = "\\S")]
    name: Field<String>,
}

impl ProfileFromTemplate {
    pub(super) fn into_message(self) -> CreateProfileFromTemplateRequest {
        CreateProfileFromTemplateRequest {
            template: self.template.into_option().unwrap_or_default(),
            name: self.name.into_option(),
            validate_only: false,
        }
    }
}
