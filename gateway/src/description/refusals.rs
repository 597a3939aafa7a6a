//! What each operation may be refused with.

use ErrorCode as Code;
use serde_json::{Value, json};

use crate::error::ErrorCode;

/// As examples show one.
const REQUEST_ID: &str = "0198c0de-0000-7000-8000-0000000000ff";

/// What any of them may, whatever it is: the name of the answer, and its codes.
pub(super) const OF_ANY: &[(&str, &[ErrorCode])] = &[
    ("Unauthorized", &[Code::Unauthorized]),
    ("NotFirstParty", &[Code::FirstPartyAppRequired]),
    ("TooManyRequests", &[Code::RateLimitExceeded]),
    ("Incomplete", &[Code::InternalServerError]),
    ("Unavailable", &[Code::ServiceUnavailable]),
];

/// What one operation may be refused with beside that.
pub(super) fn of(operation: &str) -> Vec<ErrorCode> {
    /// Of a query, which every operation checks.
    const INVALID: &[ErrorCode] = &[Code::ValidationError];
    const BODY: &[ErrorCode] =
        &[Code::ValidationError, Code::MalformedJson, Code::PayloadTooLarge, Code::UnsupportedMediaType];
    const REPEATED: &[ErrorCode] = &[Code::IdempotencyKeyInFlight, Code::IdempotencyKeyReused];
    const A_SHARE: &[ErrorCode] = &[Code::ShareNotFound];
    const A_PROFILE: &[ErrorCode] = &[Code::ProfileNotFound];
    const FORBIDDEN: &[ErrorCode] = &[Code::FirstPartyAppRequired, Code::Forbidden];
    let parts: &[&[ErrorCode]] = match operation {
        "CreateShare" => &[BODY, REPEATED, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked]],
        "GetShare" => &[INVALID, A_SHARE],
        "UpdateShare" => {
            &[BODY, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked, Code::PreconditionFailed]]
        }
        "RevokeShare" => &[INVALID, A_SHARE, FORBIDDEN, &[Code::PreconditionFailed]],
        "CreateProfile" | "CreateProfileFromTemplate" => &[BODY, REPEATED],
        "GetProfile" | "GetProfileYaml" => &[INVALID, A_PROFILE],
        "ListOutgoingShares" | "ListIncomingShares" | "ListProfiles" | "GetDefaultProfile" => &[INVALID],
        "UpdateProfile" => &[BODY, A_PROFILE, &[Code::ProfileIsDefault, Code::PreconditionFailed]],
        "DeleteProfile" => {
            &[INVALID, A_PROFILE, &[Code::ProfileIsDefault, Code::ProfileInUse, Code::PreconditionFailed]]
        }
        _ => &[],
    };
    parts.concat()
}

/// What a code means to whoever gets it.
pub(super) fn meaning(code: ErrorCode) -> &'static str {
    match code {
        Code::ValidationError => "fields or parameters are wrong; `errors` names every one",
        Code::MalformedJson => "the body is no JSON object, or did not arrive whole",
        Code::Unauthorized => "there is no token, or it does not verify; which check failed is said, and no more",
        Code::FirstPartyAppRequired => "a good token of another kind of app, or an API key without a token",
        Code::Forbidden => "you may see it, and not do that with it",
        Code::ShareNotFound => "there is no such share, or it is not for you to see",
        Code::ProfileNotFound => "there is no such exposure profile, or it is another's",
        Code::NotFound => "there is nothing at this path",
        Code::MethodNotAllowed => "this path does not take this method",
        Code::PayloadTooLarge => "the body is larger than 256 KiB",
        Code::UnsupportedMediaType => "the body is not `application/json`, or it is compressed",
        Code::SharingExists => "an active share gives the same to the same person; `details.share_id` is its id",
        Code::ShareRevoked => "the share is revoked, which is final",
        Code::ProfileIsDefault => "the default profile can be changed, and not be deleted or stop being it",
        Code::ProfileInUse => "apps are bound to the profile; `details.apps` are their ids",
        Code::IdempotencyKeyInFlight => "the first request with this key is still in flight",
        Code::IdempotencyKeyReused => "the key came with another request before",
        Code::PreconditionFailed => "`If-Match` names another version than the one that stands",
        Code::RateLimitExceeded => "too many requests; wait as long as `Retry-After` says",
        Code::ServiceUnavailable => "a service behind is away, slow or has too much to do; try again",
        Code::InternalServerError => "a fault of ours; the log knows it by the request id",
    }
}

/// An answer with this code.
pub(super) fn example(code: ErrorCode) -> Value {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other code says nothing beside")]
    let details = match code {
        Code::ValidationError => {
            let (message, must) =
                ("tag_ids is required when scope is specific_tags", "is required when scope is specific_tags");
            let error = json!({"code": code.written().0, "message": message, "request_id": REQUEST_ID});
            return json!({"error": error, "errors": {"tag_ids": [must]}});
        }
        Code::SharingExists => json!({"share_id": "0198c0de-0000-7000-8000-000000000001"}),
        Code::ProfileInUse => json!({"apps": ["reading-list"]}),
        _ => return json!({"error": {"code": code.written().0, "message": meaning(code), "request_id": REQUEST_ID}}),
    };
    let (code, message) = (code.written().0, meaning(code));
    json!({"error": {"code": code, "message": message, "request_id": REQUEST_ID, "details": details}})
}
