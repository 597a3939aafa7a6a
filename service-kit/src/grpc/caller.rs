//! On whose behalf a call comes, and under which idempotency key.

use prost::Message;
use tonic::{Status, metadata::MetadataMap};
use vocabulary::{FieldErrors, Id, IdempotencyKey, IdempotencyKeyError, User};

use crate::idempotency::IdempotentRequest;

/// The metadata key that names the user whom the gateway speaks for.
pub const ACTING_USER: &str = "x-ofself-user";
/// The metadata key under which a repeat of a request is harmless.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The user whom the gateway speaks for.
pub fn acting_user(metadata: &MetadataMap) -> Result<Id<User>, Status> {
    let mut values = metadata.get_all(ACTING_USER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Status::unauthenticated("name the acting user once, in the metadata key `x-ofself-user`"));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| Id::parse(text).ok())
        .ok_or_else(|| Status::unauthenticated("the metadata key `x-ofself-user` holds no user id"))
}

/// The request as one that may be repeated, where its caller sent a key. `method` and `message` tell one request from
/// another under the same key.
pub fn idempotent_request(
    metadata: &MetadataMap,
    user: &Id<User>,
    method: &str,
    message: &impl Message,
) -> Result<Option<IdempotentRequest>, FieldErrors> {
    let Some(value) = metadata.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match IdempotencyKey::parse(value.to_str().unwrap_or_default()) {
        Ok(key) => Ok(Some(IdempotentRequest::new(user.clone(), key, method, message))),
        Err(error @ IdempotencyKeyError) => {
            let mut errors = FieldErrors::new();
            errors.add(IDEMPOTENCY_KEY, error.to_string());
            Err(errors)
        }
    }
}
