//! The rules of exposure profiles (docs/exposure.md): pure data and functions. Nothing here reads a clock, a table or a
//! wire.

mod app_access;
mod edits;
mod exclusions;
pub mod exposure;
mod permissions;
mod profile;
mod room;
mod rules;
mod shown_profile;
mod tag_directory;
mod tag_expression;
mod template;
mod text;
pub mod view;
mod warnings;
mod yaml;

pub use app_access::{AppAccess, AppAccessDraft, AppAccessEdits, AppId, GrantId, NewAppAccess, Tier};
pub use edits::{Edited, ProfileEdits, TagFilterEdits};
pub use permissions::{SchemaGrant, SchemaPermissions, SchemaRef, SchemaVerb, TagGrant, TagPermissions, TagVerb};
pub use profile::{Profile, ProfileId, UserId};
pub use room::Kept;
pub use rules::{DetailLevel, NodeId, Rules, TagFilters, TagsLogic, Transformation};
pub use shown_profile::ShownProfile;
pub use tag_directory::{KnownTag, TagDirectory, TagId};
pub use tag_expression::{MAX_DEPTH, MAX_PARTS, TagExpression, TagOp};
pub use template::Template;
pub use text::{Description, NodeType, ProfileName, REF_CHARACTERS, TagRef, TextError};
pub use warnings::{Warning, WarningCode, warnings};
pub use yaml::to_yaml;
