//! Profiles, as the description of the API shows them. Bodies are read member by member (`read.rs`), so that every wrong one is
//! found; tests hold the two together.

use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::description::{IdText, NodeTypeText, TagText};

/// Which nodes an app may see, by their tags. A tag is named by its id or its name. In an update, an absent list stays as it is, and null
/// or an empty list clears it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct TagFilters {
    /// Nodes that have all of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    include_all: Option<Vec<String>>,
    /// Nodes that have any of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    include_any: Option<Vec<String>>,
    /// No nodes that have any of these
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    exclude_any: Option<Vec<String>>,
}

/// Which nodes an app may see, by conditions on their tags; 16 deep and 512 parts in all at most
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "described, never built")]
pub(super) enum TagExpression {
    /// The node has this tag
    Tag(TagCondition),
    /// Conditions taken together
    Operation(TagOperation),
    /// No condition
    None(NoCondition),
}

/// A condition within an expression
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(no_recursion)]
#[expect(dead_code, reason = "described, never built")]
pub(super) enum TagExpressionPart {
    /// The node has this tag
    Tag(TagCondition),
    /// Conditions taken together
    Operation(TagOperation),
}

/// The node has this tag, named by its id or its name
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct TagCondition {
    #[schema(min_length = 1, max_length = 128)]
    tag: String,
}

/// Conditions taken together; `NOT` takes one
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct TagOperation {
    op: Op,
    #[schema(min_items = 1, max_items = 511)]
    conditions: Vec<TagExpressionPart>,
}

/// An empty object is no condition
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NoCondition {}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Op {
    And,
    Or,
    Not,
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

/// How `allowed_tag_ids` are taken together
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum TagsLogic {
    Or,
    And,
}

/// How much of a node is seen
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DetailLevel {
    Full,
    Summary,
    Minimal,
}

/// What is done to what is seen
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Transformation {
    RedactPii,
    CoarsenDates,
    StripMetadata,
    PseudonymizeIds,
}

/// What an app may do to nodes, by their tags; a verb that is absent is denied
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct TagPermissions {
    discover: Option<TagGrant>,
    read: Option<TagGrant>,
    propose: Option<NewTagGrant>,
    edit: Option<TagGrant>,
    create: Option<NewTagGrant>,
    delete: Option<TagGrant>,
}

/// The tags that a verb is granted on
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct TagGrant {
    /// On these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Option<Vec<String>>,
    /// On every tag
    allow_all: Option<bool>,
}

/// The tags that a verb is granted on, new ones among them
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct NewTagGrant {
    /// On these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Option<Vec<String>>,
    /// On every tag
    allow_all: Option<bool>,
    /// On tags that are not there yet
    allow_new: Option<bool>,
}

/// What an app may do to nodes, by their schemas
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct SchemaPermissions {
    read: Option<SchemaGrant>,
    write: Option<SchemaGrant>,
}

/// The schemas that a verb is granted on
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct SchemaGrant {
    /// On these schemas; `__freeform__`: on nodes without one
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    schema_ids: Option<Vec<String>>,
    /// On every schema
    allow_all: Option<bool>,
}

/// What clients of an earlier reference send; each part stands for a field of today
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct EarlierScope {
    /// `allowed_node_types`
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    node_types: Option<Vec<String>>,
    /// `allowed_tag_ids`
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    tag_ids: Option<Vec<String>>,
    /// `excluded_tag_ids`
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    exclude_tag_ids: Option<Vec<String>>,
    /// `tag_permissions`
    #[schema(value_type = Option<Vec<EarlierPermission>>, max_items = 1000)]
    permissions: Option<Vec<String>>,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum EarlierPermission {
    Read,
    Write,
    Delete,
}

/// A profile to make. `null` is the same as absent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "name": "Work apps", "description": "What my work apps may see", "tag_filters": {"include_any": ["work"], "exclude_any": ["private"]},
    "transformations": ["redact_pii"], "max_detail_level": "summary"
}))]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct NewProfile {
    /// By which its owner knows it
    #[schema(min_length = 1, max_length = 100, pattern = "\\S")]
    name: String,
    /// What its owner says of it
    #[schema(max_length = 2000)]
    description: Option<String>,
    tag_filters: Option<TagFilters>,
    tag_expression: Option<TagExpression>,
    /// Only nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    allowed_tag_ids: Option<Vec<String>>,
    allowed_tags_logic: Option<TagsLogic>,
    /// No nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    excluded_tag_ids: Option<Vec<String>>,
    /// Nodes picked by hand
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    allowed_node_ids: Option<Vec<String>>,
    /// Only nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    allowed_node_types: Option<Vec<String>>,
    /// No nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    excluded_node_types: Option<Vec<String>>,
    /// Nodes made at this moment or later
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_start: Option<String>,
    /// Nodes made before this moment
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_end: Option<String>,
    /// In this order
    #[schema(value_type = Option<Vec<Transformation>>, max_items = 1000)]
    transformations: Option<Vec<String>>,
    max_detail_level: Option<DetailLevel>,
    tag_permissions: Option<TagPermissions>,
    schema_permissions: Option<SchemaPermissions>,
    #[schema(deprecated)]
    scope: Option<EarlierScope>,
}

/// What to change of a profile. What is absent stays as it is; `null` clears it. Read-only
/// members are accepted when equal to the current value, so that the response to a GET can be sent back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"excluded_tag_ids": ["private"], "is_active": true}))]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ProfileChange {
    /// By which its owner knows it
    #[schema(min_length = 1, max_length = 100, pattern = "\\S", nullable = false)]
    name: Option<String>,
    /// What its owner says of it
    #[schema(max_length = 2000)]
    description: Option<String>,
    tag_filters: Option<TagFilters>,
    tag_expression: Option<TagExpression>,
    /// Only nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    allowed_tag_ids: Option<Vec<String>>,
    allowed_tags_logic: Option<TagsLogic>,
    /// No nodes with these tags
    #[schema(value_type = Option<Vec<TagText>>, max_items = 1000)]
    excluded_tag_ids: Option<Vec<String>>,
    /// Nodes picked by hand
    #[schema(value_type = Option<Vec<IdText>>, max_items = 1000)]
    allowed_node_ids: Option<Vec<String>>,
    /// Only nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    allowed_node_types: Option<Vec<String>>,
    /// No nodes of these types
    #[schema(value_type = Option<Vec<NodeTypeText>>, max_items = 1000)]
    excluded_node_types: Option<Vec<String>>,
    /// Nodes made at this moment or later
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_start: Option<String>,
    /// Nodes made before this moment
    #[schema(value_type = Option<String>, format = DateTime)]
    date_range_end: Option<String>,
    /// What is done to what is seen, in this order
    #[schema(value_type = Option<Vec<Transformation>>, max_items = 1000)]
    transformations: Option<Vec<String>>,
    max_detail_level: Option<DetailLevel>,
    tag_permissions: Option<TagPermissions>,
    schema_permissions: Option<SchemaPermissions>,
    #[schema(deprecated)]
    scope: Option<EarlierScope>,
    /// An inactive profile exposes nothing
    #[schema(nullable = false)]
    is_active: Option<bool>,
    /// `true`: make this the default; the former one stops being so
    #[schema(nullable = false)]
    is_default: Option<bool>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    owner_id: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    created_at: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    updated_at: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    warnings: Option<Value>,
    /// Read-only: accepted when equal to the current value
    #[schema(read_only)]
    yaml: Option<Value>,
}

/// Which profiles there are to begin with
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Template {
    Transparent,
    Restrictive,
}

/// A profile to make after a template
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"template": "restrictive", "name": "Next to nothing"}))]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ProfileFromTemplate {
    template: Template,
    /// By which its owner knows it; the name of the template where absent
    #[schema(min_length = 1, max_length = 100, pattern = "\\S")]
    name: Option<String>,
}

/// A profile in YAML
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ProfileYaml {
    /// The text
    yaml: String,
}

/// The profile that a path names
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct ProfileIdParam {
    /// The id of an exposure profile; one that is no UUID is not found
    #[param(example = "0198c0de-0000-7000-8000-000000000002")]
    profile_id: String,
}

/// What to show beside a profile
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct WithYaml {
    /// Whether to show its YAML beside it
    #[param(default = true)]
    include_yaml: Option<bool>,
    /// Whether tags are called by their names, where these are known
    #[param(default = true)]
    resolve_tag_names: Option<bool>,
}

/// How to write a profile
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "described, never built")]
pub(super) struct AsYaml {
    /// Whether tags are called by their names, where these are known
    #[param(default = true)]
    resolve_tag_names: Option<bool>,
}
