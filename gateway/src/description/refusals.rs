//! What each operation may be refused with.

use ErrorCode as Code;

use crate::error::ErrorCode;

/// What any of them may, whatever it is: the name of the answer, and its codes.
pub(super) const OF_ANY: &[(&str, &[ErrorCode])] = &[
    ("Invalid", &[Code::ValidationError]),
    ("Unauthorized", &[Code::Unauthorized]),
    ("NotFirstParty", &[Code::FirstPartyAppRequired]),
    ("TooManyRequests", &[Code::RateLimitExceeded]),
    ("Broken", &[Code::InternalServerError]),
    ("Unavailable", &[Code::ServiceUnavailable]),
];

/// What one operation may be refused with beside that.
pub(super) fn of(operation: &str) -> Vec<ErrorCode> {
    const BODY: &[ErrorCode] =
        &[Code::ValidationError, Code::MalformedJson, Code::PayloadTooLarge, Code::UnsupportedMediaType];
    const REPEATED: &[ErrorCode] = &[Code::IdempotencyKeyInFlight, Code::IdempotencyKeyReused];
    const A_SHARE: &[ErrorCode] = &[Code::ShareNotFound];
    const A_PROFILE: &[ErrorCode] = &[Code::ProfileNotFound];
    const FORBIDDEN: &[ErrorCode] = &[Code::FirstPartyAppRequired, Code::Forbidden];
    let parts: &[&[ErrorCode]] = match operation {
        "CreateShare" => &[BODY, REPEATED, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked]],
        "GetShare" => &[A_SHARE],
        "UpdateShare" => {
            &[BODY, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked, Code::PreconditionFailed]]
        }
        "RevokeShare" => &[A_SHARE, FORBIDDEN, &[Code::PreconditionFailed]],
        "CreateProfile" | "CreateProfileFromTemplate" => &[BODY, REPEATED],
        "GetProfile" | "GetProfileYaml" => &[A_PROFILE],
        "UpdateProfile" => &[BODY, A_PROFILE, &[Code::ProfileIsDefault, Code::PreconditionFailed]],
        "DeleteProfile" => &[A_PROFILE, &[Code::ProfileIsDefault, Code::ProfileInUse, Code::PreconditionFailed]],
        _ => &[],
    };
    parts.concat()
}
