//! The origin of a change: its actor and its request, from the metadata of the call and its peer.

use http_server::Peer;
use tonic::{Extensions, metadata::MetadataMap};
use types::{Actor, Id, Origin, User};

use crate::{Role, guard::MAX_REQUEST_ID};

/// The metadata key of the request id.
const REQUEST_ID: &str = "x-request-id";

/// The id of the request; empty without one, or if it is longer than the gateway accepts.
fn request_id(metadata: &MetadataMap) -> String {
    let id = metadata.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    id.filter(|id| id.len() <= MAX_REQUEST_ID).unwrap_or_default().to_owned()
}

/// A change by a user, through the gateway.
pub fn user_origin(metadata: &MetadataMap, user: &Id<User>) -> Origin {
    Origin { actor: Actor::User(user.clone()), request_id: request_id(metadata) }
}

/// A change by the peer of the call, in this role. On a plaintext address it has no id.
pub fn peer_origin(metadata: &MetadataMap, extensions: &Extensions, role: Role) -> Origin {
    let id = match extensions.get::<Peer>() {
        Some(Peer::Certified(Some(id))) => id.as_str().to_owned(),
        Some(Peer::Certified(None) | Peer::Anyone) | None => "unauthenticated".to_owned(),
    };
    let actor = match role {
        Role::Operator => Actor::Operator(id),
        Role::Service | Role::Gateway => Actor::Service(id),
    };
    Origin { actor, request_id: request_id(metadata) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actor_is_the_user_or_the_peer() {
        let mut metadata = MetadataMap::new();
        let user = Id::parse("ann").unwrap();
        assert_eq!(user_origin(&metadata, &user).request_id, "");
        metadata.insert("x-request-id", "r-1".parse().unwrap());
        let origin = user_origin(&metadata, &user);
        assert_eq!((origin.actor.to_string(), origin.request_id), ("user:ann".into(), "r-1".into()));

        let mut extensions = Extensions::new();
        extensions.insert(Peer::Certified(Some("spiffe://a/graph".parse().unwrap())));
        let of = |role| peer_origin(&metadata, &extensions, role).actor.to_string();
        assert_eq!(of(Role::Service), "service:spiffe://a/graph");
        assert_eq!(of(Role::Operator), "operator:spiffe://a/graph");
        let anyone = peer_origin(&metadata, &Extensions::new(), Role::Service);
        assert_eq!(anyone.actor.to_string(), "service:unauthenticated");
    }
}
