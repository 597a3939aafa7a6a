//! On whose behalf a call comes, and under which idempotency key.

use service_kit::idempotency::IdempotentRequest;
use tonic::{Status, metadata::MetadataMap};
use vocabulary::{FieldErrors, IdempotencyKey};

use crate::{domain::UserId, error::Error, grpc::status::status};

const ACTING_USER: &str = "x-ofself-user";
const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The user whom the gateway speaks for.
pub(super) fn acting_user(metadata: &MetadataMap) -> Result<UserId, Status> {
    let mut values = metadata.get_all(ACTING_USER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Status::unauthenticated("name the acting user once, in the metadata key `x-ofself-user`"));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| UserId::parse(text).ok())
        .ok_or_else(|| Status::unauthenticated("the metadata key `x-ofself-user` holds no user id"))
}

/// The request as one that may be repeated, where its caller sent a key.
pub(super) fn idempotent_request(
    metadata: &MetadataMap,
    user: &UserId,
    method: &str,
    message: &impl prost::Message,
) -> Result<Option<IdempotentRequest>, Status> {
    let Some(value) = metadata.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match value.to_str().ok().and_then(|text| IdempotencyKey::parse(text).ok()) {
        Some(key) => Ok(Some(IdempotentRequest::new(user.clone(), key, method, message))),
        None => {
            let mut errors = FieldErrors::new();
            errors.add(IDEMPOTENCY_KEY, "must be 1 to 255 visible ASCII characters");
            Err(status(Error::Invalid(errors)))
        }
    }
}
