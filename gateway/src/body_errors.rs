//! Requests whose members are not of their types.
//!
//! What is wrong with the rest of the request only the service knows, so it is asked to check that without changing
//! anything: a person is told of every wrong field at once.

use tonic::Status;
use types::FieldErrors;

use crate::error::ApiError;

/// What is wrong with a request: `found` here, and what the service found when it checked the rest. Of a field that could
/// not be read the service's word does not count: to it the field is missing.
pub(crate) fn merge_validation_errors(found: FieldErrors, checked: Option<Status>) -> ApiError {
    let Some(refused) = checked.map(ApiError::from) else { return ApiError::validation(found) };
    let Some(others) = refused.wrong_fields() else { return refused };
    let mut errors = found.clone();
    for (path, must) in others.iter() {
        if !found.iter().any(|(unreadable, _)| concerns(unreadable, path)) {
            for must in must {
                errors.add(path, must.as_str());
            }
        }
    }
    errors.add_more(others.more());
    ApiError::validation(errors)
}

/// Whether `unreadable` is `path` itself, or stands inside it.
fn concerns(unreadable: &str, path: &str) -> bool {
    unreadable.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}
