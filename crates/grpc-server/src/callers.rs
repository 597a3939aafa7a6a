//! Roles by kind of method (docs/security.md).

use super::Role::{self, Gateway, Operator, Service};

/// User-facing methods, called by the gateway on behalf of a user.
pub const USER_FACING: &[Role] = &[Gateway];
/// Decisions, called by services before they show anything; operators may call them too.
pub const DECISION: &[Role] = &[Service, Operator];
/// Ingestion by services: follows, apps, tags.
pub const INGEST: &[Role] = &[Service];
/// Administration and explanations, for operators.
pub const ADMIN: &[Role] = &[Operator];
