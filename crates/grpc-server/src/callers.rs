//! The kinds of methods that services have, by who calls them (docs/security.md).

use super::Role::{self, Gateway, Operator, Service};

/// What is done on behalf of the user whom the gateway names.
pub const USER_FACING: &[Role] = &[Gateway];
/// What is asked before anything is shown; an operator may look on.
pub const DECISION: &[Role] = &[Service, Operator];
/// What services tell: follows, apps, tags.
pub const INGEST: &[Role] = &[Service];
/// What explains the plane to those who keep it, and lets them keep it.
pub const ADMIN: &[Role] = &[Operator];
