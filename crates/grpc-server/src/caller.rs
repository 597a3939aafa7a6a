//! The user and the idempotency key of a call, from its metadata.

use tonic::{Status, metadata::MetadataMap};
use types::{FieldErrors, Id, IdempotencyKey, IdempotencyKeyError, User};

/// The metadata key of the user on whose behalf the gateway calls.
pub const ACTING_USER: &str = "x-ofself-user";
/// The metadata key under which a repeat of a request is harmless.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The metadata key in which the gateway passes on the consistency tokens of a request.
pub const CONSISTENCY_TOKEN: &str = "x-consistency-token";

/// The user on whose behalf the gateway calls.
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

/// The idempotency key of a request; `None` without one.
pub fn idempotency_key(metadata: &MetadataMap) -> Result<Option<IdempotencyKey>, FieldErrors> {
    let Some(value) = metadata.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match IdempotencyKey::parse(value.to_str().unwrap_or_default()) {
        Ok(key) => Ok(Some(key)),
        Err(error @ IdempotencyKeyError) => {
            let mut errors = FieldErrors::new();
            errors.add(IDEMPOTENCY_KEY, error.to_string());
            Err(errors)
        }
    }
}
