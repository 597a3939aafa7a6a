//! Messages to domain values and back, field by field: a new field of the contract breaks the build here.

pub(super) mod access;
pub(super) mod advisor;
pub(super) mod content;
pub(super) mod decision;
pub(super) mod edits;
pub(super) mod erasure;
pub(super) mod event;
mod node_bytes;
pub(super) mod permissions;
pub(super) mod profile;
pub(super) mod question;
