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

/// The errors `found`, with those of `others` that concern other fields: neither the same, nor one around it, nor one inside a field
/// that could not be read.
pub(crate) fn merge_fields(found: &FieldErrors, others: &FieldErrors) -> FieldErrors {
    let mut errors = found.clone();
    // A list with errors of its entries was read.
    let is_read = |list: &str| found.iter().any(|(inner, _)| inner != list && concerns(inner, list));
    for (path, must) in others.iter() {
        let is_known = |(known, _): (&str, _)| concerns(known, path) || (concerns(path, known) && !is_read(known));
        if !found.iter().any(is_known) {
            for must in must {
                errors.add(path, must.as_str());
            }
        }
    }
    errors.add_more(others.more());
    errors
}

/// The same errors under other paths.
pub(crate) fn renamed(errors: &FieldErrors, rename: impl Fn(&str) -> String) -> FieldErrors {
    let mut renamed = FieldErrors::new();
    for (path, must) in errors.iter() {
        for must in must {
            renamed.add(rename(path), must.as_str());
        }
    }
    renamed.add_more(errors.more());
    renamed
}

/// Whether `inner` is `path` or inside it.
fn concerns(inner: &str, path: &str) -> bool {
    inner.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_what_could_not_be_read_are_dropped() {
        let mut found = FieldErrors::new();
        for path in ["a.b", "list", "list[0]", "list[1].x"] {
            found.add(path, "found");
        }
        let mut others = FieldErrors::new();
        for path in ["a.b", "a.b.c", "a", "list[0]", "list[0].y", "list", "list[7]", "list[1].y", "ab", "a.bc"] {
            others.add(path, "other");
        }
        let kept: Vec<_> = merge_fields(&found, &others)
            .iter()
            .filter(|(_, must)| must.iter().any(|must| must == "other"))
            .map(|(path, _)| path.to_owned())
            .collect();
        assert_eq!(kept, ["a.bc", "ab", "list[1].y", "list[7]"]);
    }
}
