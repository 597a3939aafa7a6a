//! Why a service refused a call, in the form that travels: a gRPC status with the details that tools know
//! (<https://google.aip.dev/193>).

use std::collections::HashMap;

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use vocabulary::FieldErrors;

/// The reason that stands for wrong fields.
pub const VALIDATION_ERROR: &str = "VALIDATION_ERROR";

/// A refusal as it travels between a service and its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The error code of the REST contract, `SHARE_NOT_FOUND`.
    pub reason: String,
    /// What the caller needs to act on it, `share_id`.
    pub metadata: HashMap<String, String>,
    /// Every wrong field, when the reason is [`VALIDATION_ERROR`].
    pub fields: FieldErrors,
}

impl Refusal {
    /// A refusal for `reason`.
    pub fn new(reason: &str) -> Self {
        Self { reason: reason.to_owned(), metadata: HashMap::new(), fields: FieldErrors::new() }
    }

    /// A refusal for wrong fields.
    pub fn validation(fields: FieldErrors) -> Self {
        Self { fields, ..Self::new(VALIDATION_ERROR) }
    }

    /// The same, with one thing more that the caller needs.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// The refusal as a status of `domain` (`sharing.ofself.ai`).
    pub fn into_status(self, code: Code, message: impl Into<String>, domain: &str) -> Status {
        let mut details = ErrorDetails::with_error_info(self.reason, domain, self.metadata);
        for (path, found) in self.fields.iter() {
            for must in found {
                details.add_bad_request_violation(path, must);
            }
        }
        Status::with_error_details(code, message, details)
    }

    /// Reads a refusal from a status; `None` where the status carries none.
    pub fn from_status(status: &Status) -> Option<Self> {
        let details = status.get_error_details();
        let info = details.error_info()?;
        let mut fields = FieldErrors::new();
        for violation in details.bad_request().map(|found| found.field_violations.as_slice()).unwrap_or_default() {
            fields.add(violation.field.as_str(), violation.description.as_str());
        }
        Some(Self { reason: info.reason.clone(), metadata: info.metadata.clone(), fields })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_survives_the_wire() {
        let mut fields = FieldErrors::new();
        fields.add("scope", "is required");
        fields.add("tag_ids", "is too long");
        fields.add("tag_ids", "is odd");
        let refusal = Refusal { fields, ..Refusal::new(VALIDATION_ERROR).with("share_id", "s") };
        let status = refusal.clone().into_status(Code::InvalidArgument, "wrong", "sharing.ofself.ai");
        assert_eq!(Refusal::from_status(&status), Some(refusal));
        assert_eq!(Refusal::from_status(&Status::unavailable("gone")), None);
    }
}
