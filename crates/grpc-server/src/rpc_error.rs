//! Errors between services: a gRPC status with standard details
//! (<https://google.aip.dev/193>).

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use types::FieldErrors;

/// The reason of invalid fields.
pub const VALIDATION_ERROR: &str = "VALIDATION_ERROR";

/// How many wrong fields are not named.
pub const MORE_FIELDS: &str = "more_fields";

/// What a refusal says of fields at most; with what encoding adds it stays below the 8 KiB of headers that gRPC
/// implementations take.
const MAX_BYTES: usize = 4 * 1024;
/// The maximum length of a status message.
const MESSAGE_CHARACTERS: usize = 300;

/// An error as it travels between a service and its callers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcError {
    /// The error code of the REST contract, `SHARE_NOT_FOUND`.
    pub reason: String,
    /// Details for the client, such as `share_id`.
    pub metadata: HashMap<String, String>,
    /// Every wrong field, when the reason is [`VALIDATION_ERROR`].
    pub fields: FieldErrors,
    /// When the same call may be sent again, where that helps.
    pub retry_after: Option<Duration>,
}

impl RpcError {
    /// An error with this `reason`.
    pub fn new(reason: &str) -> Self {
        Self { reason: reason.to_owned(), metadata: HashMap::new(), fields: FieldErrors::new(), retry_after: None }
    }

    /// An error for invalid fields.
    pub fn validation(fields: FieldErrors) -> Self {
        Self { fields, ..Self::new(VALIDATION_ERROR) }
    }

    /// The same, with one thing more that the caller needs.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// The same, with when the call may be sent again.
    #[must_use]
    pub fn with_retry(self, after: Duration) -> Self {
        Self { retry_after: Some(after), ..self }
    }

    /// The refusal as a status of `domain` (`sharing.ofself.ai`). It travels in headers, which every peer bounds: of very
    /// many wrong fields those beyond the bound are counted, in the metadata key [`MORE_FIELDS`].
    pub fn into_status(self, code: Code, message: &str, domain: &str) -> Status {
        let mut violations = Vec::new();
        let (mut bytes, mut more) = (0, u64::from(self.fields.more()));
        for (path, found) in self.fields.iter() {
            for must in found {
                bytes += path.len() + must.len();
                if bytes <= MAX_BYTES {
                    violations.push((path, must));
                } else {
                    more += 1;
                }
            }
        }
        let mut metadata = self.metadata;
        let retry_after = self.retry_after;
        if more > 0 {
            metadata.insert(MORE_FIELDS.to_owned(), more.to_string());
        }
        let mut details = ErrorDetails::with_error_info(self.reason, domain, metadata);
        for (path, must) in violations {
            details.add_bad_request_violation(path, must);
        }
        if retry_after.is_some() {
            details.set_retry_info(retry_after);
        }
        let short: String = message.chars().take(MESSAGE_CHARACTERS).collect();
        Status::with_error_details(code, short, details)
    }

    /// Parses the error of a status; `None` if the status has no details.
    pub fn from_status(status: &Status) -> Option<Self> {
        let details = status.get_error_details();
        let info = details.error_info()?;
        let mut fields = FieldErrors::new();
        for violation in details.bad_request().map(|found| found.field_violations.as_slice()).unwrap_or_default() {
            fields.add(violation.field.as_str(), violation.description.as_str());
        }
        let retry_after = details.retry_info().and_then(|retry| retry.retry_delay);
        let mut metadata = info.metadata.clone();
        let more = metadata.remove(MORE_FIELDS).and_then(|more| more.parse().ok());
        fields.add_more(more.unwrap_or_default());
        Some(Self { reason: info.reason.clone(), metadata, fields, retry_after })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_response_is_bounded() {
        let mut fields = FieldErrors::new();
        for index in 0..10_000 {
            fields.add(format!("allowed_tag_ids[{index}]"), "must not be empty");
        }
        let status = RpcError::validation(fields).into_status(Code::InvalidArgument, &"x".repeat(9_999), "d");
        assert!(status.details().len() + status.message().len() < 6_000 * 3);
        let read = RpcError::from_status(&status).unwrap();
        let named = read.fields.iter().count();
        assert!(named > 50 && read.fields.more() as usize == 10_000 - named);
    }

    #[test]
    fn rpc_error_survives_the_wire() {
        let mut fields = FieldErrors::new();
        fields.add("scope", "is required");
        fields.add("tag_ids", "is too long");
        fields.add("tag_ids", "is odd");
        let retry_after = Some(Duration::from_secs(1));
        let refusal = RpcError { fields, retry_after, ..RpcError::new(VALIDATION_ERROR).with("share_id", "s") };
        let status = refusal.clone().into_status(Code::InvalidArgument, "wrong", "sharing.ofself.ai");
        assert_eq!(RpcError::from_status(&status), Some(refusal));
        assert_eq!(RpcError::from_status(&Status::unavailable("gone")), None);
    }
}
