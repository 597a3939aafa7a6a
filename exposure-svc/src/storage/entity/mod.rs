//! The tables, as SeaORM sees them.

pub(super) mod app_access;
pub(super) mod profile;
pub(super) mod secret;
pub(super) mod tag;
