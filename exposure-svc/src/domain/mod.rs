//! The rules of exposure profiles (docs/exposure.md): pure data and functions. Nothing here reads a clock, a table or a
//! wire.

mod app_access;
mod consent_receipt;
mod directory_change;
mod edits;
mod erasure_confirmation;
mod event;
pub mod exposure;
mod history;
mod permissions;
mod profile;
mod profile_usage;
mod rules;
mod shown_profile;
mod suggestion;
mod tag_directory;
mod tag_expression;
mod tag_ref;
mod tag_resolution;
mod template;
mod text;
pub mod view;
mod warnings;
mod yaml;

pub use app_access::{AppAccess, AppAccessDraft, AppAccessEdits, AppId, GrantId, NewAppAccess, Tier};
pub use consent_receipt::consent_receipt;
pub use directory_change::{ChangedProfile, changed_profiles};
pub use edits::{Edited, ProfileEdits, TagFilterEdits};
pub use erasure_confirmation::ConfirmationKey;
pub use event::{ChangedRow, EventKind, ProfileEvent, SnapshotRow};
pub use history::sentence;
pub use permissions::{SchemaGrant, SchemaPermissions, SchemaRef, SchemaVerb, TagGrant, TagPermissions, TagVerb};
pub use profile::{Profile, ProfileId, UserId};
pub use profile_usage::ProfileUsage;
pub use rules::{DetailLevel, NodeId, Rules, TagFilters, TagPlace, TagsLogic, Transformation};
pub use shown_profile::ShownProfile;
pub use suggestion::{suggestion_text, suggestions};
pub use tag_directory::{KnownTag, Resolution, TagDirectory};
pub use tag_expression::{MAX_DEPTH, MAX_PARTS, TagEffect, TagExpression, TagOp};
pub use tag_ref::{TagId, TagRef, TagText, normalized_name};
pub use template::Template;
pub use text::{Description, NodeType, ProfileName, REF_CHARACTERS, TextError};
pub use warnings::{
    Comparison, Difference, ExampleNode, Exposed, Warning, WarningCode, Widening, are_formula_warnings_slow,
    directory_warnings, formula_warnings, is_narrower, widened_warnings, widening,
};
pub use yaml::to_yaml;
