//! The origin of a change, for its events.

use std::fmt;

use crate::{Id, User};

/// Who made a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user, through the gateway.
    User(Id<User>),
    /// A service, by its SPIFFE id.
    Service(String),
    /// An operator, by their SPIFFE id.
    Operator(String),
    /// The service itself: upkeep.
    System,
}

/// The actor and the request of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The actor.
    pub actor: Actor,
    /// The id of the request; empty without one.
    pub request_id: String,
}

impl Origin {
    /// A change by upkeep.
    pub fn system() -> Self {
        Self { actor: Actor::System, request_id: String::new() }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "user:{user}"),
            Self::Service(id) => write!(f, "service:{id}"),
            Self::Operator(id) => write!(f, "operator:{id}"),
            Self::System => f.write_str("system"),
        }
    }
}
