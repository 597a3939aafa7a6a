//! Roles and the method table. A method that is not in the table is not served.

use std::{collections::HashMap, str::FromStr};

use http_server::{Peer, tls::SpiffeId};

/// The role of a caller (docs/security.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Speaks for users.
    Gateway,
    /// Holds nodes, follows or apps, and checks access before it shows anything.
    Service,
    /// A person at work on the plane itself.
    Operator,
}

/// The roles that may call a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// Every peer.
    Anyone,
    /// Peers with one of these roles.
    Roles(&'static [Role]),
}

/// The policy of a method.
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// `/package.Service/Method`.
    pub path: &'static str,
    /// The roles that may call it.
    pub callers: Callers,
    /// The maximum size of a request message.
    pub max_bytes: usize,
    /// Whether it is a streaming method: then its duration is not limited here and every message is checked.
    pub is_stream: bool,
}

/// Which peers have which roles.
#[derive(Clone, Debug, Default)]
pub(super) struct Roles(HashMap<SpiffeId, Vec<Role>>);

impl Role {
    /// Every role.
    pub const ALL: &'static [Self] = &[Self::Gateway, Self::Service, Self::Operator];

    /// Its name in settings and error messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Service => "service",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Self::ALL.iter().find(|role| role.as_str() == text);
        known.copied().ok_or_else(|| "the role must be gateway, service or operator".to_owned())
    }
}

impl Method {
    /// A unary method for these roles with this maximum message size.
    pub const fn new(path: &'static str, roles: &'static [Role], max_bytes: usize) -> Self {
        Self { path, callers: Callers::Roles(roles), max_bytes, is_stream: false }
    }

    /// The same as a stream.
    #[must_use]
    pub const fn streaming(self) -> Self {
        Self { is_stream: true, ..self }
    }

    /// The same, for anyone.
    #[must_use]
    pub(super) const fn for_anyone(self) -> Self {
        Self { callers: Callers::Anyone, ..self }
    }
}

impl Roles {
    pub(super) fn new(given: &[(SpiffeId, Role)]) -> Self {
        let mut roles: HashMap<SpiffeId, Vec<Role>> = HashMap::new();
        for (id, role) in given {
            roles.entry(id.clone()).or_default().push(*role);
        }
        Self(roles)
    }

    /// Whether the peer may call the method.
    pub(super) fn authorize(&self, peer: &Peer, callers: Callers) -> bool {
        match callers {
            Callers::Anyone => true,
            Callers::Roles(roles) => roles.iter().any(|role| self.has(peer, *role)),
        }
    }

    /// The roles that a peer has by its certificate.
    pub(super) fn of(&self, peer: &Peer) -> &[Role] {
        match peer {
            Peer::Certified(Some(id)) => self.0.get(id).map_or(&[], Vec::as_slice),
            Peer::Certified(None) | Peer::Anyone => &[],
        }
    }

    /// Whether the peer has the role. On a plaintext address, every peer has every role.
    pub(super) fn has(&self, peer: &Peer, role: Role) -> bool {
        match peer {
            Peer::Anyone => true,
            Peer::Certified(id) => id.as_ref().and_then(|id| self.0.get(id)).is_some_and(|roles| roles.contains(&role)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_without_a_role_is_rejected() {
        let id = |name: &str| Peer::Certified(Some(format!("spiffe://a/{name}").parse().unwrap()));
        let of = |name: &str, role| (format!("spiffe://a/{name}").parse().unwrap(), role);
        let roles = Roles::new(&[of("g", Role::Gateway), of("both", Role::Service), of("both", Role::Operator)]);
        let (gateway, asking) = (Callers::Roles(&[Role::Gateway]), Callers::Roles(&[Role::Service, Role::Operator]));
        for (peer, may) in [
            (id("g"), [true, false]),
            (id("both"), [false, true]),
            (id("stranger"), [false, false]),
            (Peer::Certified(None), [false, false]),
            (Peer::Anyone, [true, true]),
        ] {
            assert_eq!([roles.authorize(&peer, gateway), roles.authorize(&peer, asking)], may, "{peer:?}");
            assert!(
                roles.authorize(&peer, Callers::Anyone)
                    && !(roles.authorize(&Peer::Certified(None), Callers::Roles(&[])))
            );
        }
    }
}
