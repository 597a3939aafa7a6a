//! Requests that may be repeated under an idempotency key.

use persistence::idempotency::IdempotentRequest;
use prost::Message;
use tonic::metadata::MetadataMap;
use types::{FieldErrors, Id, User};

/// The request under its idempotency key; `None` without one. `method` and `message` distinguish requests under the same key.
pub fn idempotent_request(
    metadata: &MetadataMap,
    user: &Id<User>,
    method: &str,
    message: &impl Message,
) -> Result<Option<IdempotentRequest>, FieldErrors> {
    let key = grpc_server::idempotency_key(metadata)?;
    Ok(key.map(|key| IdempotentRequest::new(user.clone(), key, method, message)))
}
