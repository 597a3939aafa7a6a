//! The `Idempotency-Key` header, passed to the service that stores it.

use http::HeaderMap;
use types::{FieldErrors, IdempotencyKey};

/// The name of the header.
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";

/// The key of a request; an empty or overlong one, or several, are wrong.
pub(crate) fn idempotency_key(headers: &HeaderMap, errors: &mut FieldErrors) -> Option<IdempotencyKey> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let value = values.next()?;
    let key = IdempotencyKey::parse(value.to_str().unwrap_or_default());
    match (key, values.next()) {
        (Ok(key), None) => Some(key),
        (Err(error), _) => {
            errors.add("Idempotency-Key", error.to_string());
            None
        }
        (Ok(_), Some(_)) => {
            errors.add("Idempotency-Key", "must not occur twice");
            None
        }
    }
}
