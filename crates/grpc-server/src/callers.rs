//! The kinds of methods that services have, by who calls them (docs/security.md).

use super::Role::{self, Gateway, Operator, Service};

/// What is done on behalf of the user whom the gateway names.
pub const FOR_A_USER: &[Role] = &[Gateway];
/// What is asked before anything is shown; an operator may look on.
pub const ASK: &[Role] = &[Service, Operator];
/// What services tell: follows, apps, tags.
pub const TELL: &[Role] = &[Service];
/// What explains the plane to those who keep it, and lets them keep it.
pub const EXPLAIN: &[Role] = &[Operator];
