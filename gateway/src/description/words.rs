//! Kinds of text in several bodies.

use utoipa::ToSchema;

/// The id of an entity of another service: a user, a tag, a node, a schema; case-sensitive
#[derive(ToSchema)]
#[schema(as = Id, pattern = "^[A-Za-z0-9_.:-]{1,128}$", example = "tag-uuid-1")]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct IdText(String);

/// A tag, by its id or its name
#[derive(ToSchema)]
#[schema(as = Tag, min_length = 1, max_length = 128, example = "work")]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct TagText(String);

/// A type of nodes: `EXPERIENCE`, `BELIEF`, `ENTITY`, `GOAL` or any other word
#[derive(ToSchema)]
#[schema(as = NodeType, min_length = 1, max_length = 128, example = "EXPERIENCE")]
#[expect(dead_code, reason = "described, never built")]
pub(crate) struct NodeTypeText(String);
