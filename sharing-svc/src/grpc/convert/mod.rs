//! Messages to domain values and back, field by field: a new field of the contract breaks the build here.

pub(super) mod access;
pub(super) mod advisor;
pub(super) mod erasure;
pub(super) mod event;
pub(super) mod share;
