//! Merges the errors of the gateway with those of the service (docs/decisions/0005-every-wrong-field-at-once.md).

use tonic::Status;
use types::FieldErrors;

use crate::error::ApiError;

/// The errors `found` in the types of a body, with those of the service, which validated the other members. The service's error of a field
/// that could not be read is dropped: to the service the field is missing.
pub(crate) fn merge_validation_errors(found: FieldErrors, checked: Option<Status>) -> ApiError {
    let Some(refused) = checked.map(ApiError::from) else { return ApiError::validation(found) };
    let Some(others) = refused.wrong_fields() else { return refused };
    ApiError::validation(merge_fields(&found, others))
}

/// The errors `found`, with those of `others` that concern other fields: neither the same, nor one inside or around it.
pub(crate) fn merge_fields(found: &FieldErrors, others: &FieldErrors) -> FieldErrors {
    let mut errors = found.clone();
    for (path, must) in others.iter() {
        if !found.iter().any(|(unreadable, _)| concerns(unreadable, path) || concerns(path, unreadable)) {
            for must in must {
                errors.add(path, must.as_str());
            }
        }
    }
    errors.add_more(others.more());
    errors
}

/// Whether `inner` is `path` or inside it.
fn concerns(inner: &str, path: &str) -> bool {
    inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
