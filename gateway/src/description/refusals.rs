//! The errors of each operation.

use ErrorCode as Code;
use serde_json::{Value, json};

use crate::error::ErrorCode;

/// As examples show one.
const REQUEST_ID: &str = "0198c0de-0000-7000-8000-0000000000ff";

/// Errors of every operation: the name of the response, and its codes.
pub(super) const OF_ANY: &[(&str, &[ErrorCode])] = &[
    ("Unauthorized", &[Code::Unauthorized]),
    ("NotFirstParty", &[Code::FirstPartyAppRequired]),
    ("TooManyRequests", &[Code::RateLimitExceeded]),
    ("Incomplete", &[Code::InternalServerError]),
    ("Unavailable", &[Code::ServiceUnavailable]),
];

/// Further errors of one operation.
pub(super) fn of(operation: &str) -> Vec<ErrorCode> {
    /// Of a query, which every operation checks.
    const INVALID: &[ErrorCode] = &[Code::ValidationError];
    const BODY: &[ErrorCode] =
        &[Code::ValidationError, Code::MalformedJson, Code::PayloadTooLarge, Code::UnsupportedMediaType];
    const REPEATED: &[ErrorCode] = &[Code::IdempotencyKeyInFlight, Code::IdempotencyKeyReused];
    const A_SHARE: &[ErrorCode] = &[Code::ShareNotFound];
    const A_PROFILE: &[ErrorCode] = &[Code::ProfileNotFound];
    const AN_APP: &[ErrorCode] = &[Code::AppAccessNotFound];
    const FORBIDDEN: &[ErrorCode] = &[Code::FirstPartyAppRequired, Code::Forbidden];
    let parts: &[&[ErrorCode]] = match operation {
        "CreateShare" => &[BODY, REPEATED, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked]],
        "GetShare" | "LeaveShare" => &[INVALID, A_SHARE],
        "UpdateShare" => {
            &[BODY, A_SHARE, FORBIDDEN, &[Code::SharingExists, Code::ShareRevoked, Code::PreconditionFailed]]
        }
        "RevokeShare" => &[INVALID, A_SHARE, FORBIDDEN, &[Code::PreconditionFailed]],
        "CreateProfile" | "CreateProfileFromTemplate" => &[BODY, REPEATED],
        "GetProfile" | "GetProfileYaml" => &[INVALID, A_PROFILE],
        "ListOutgoingShares"
        | "ListIncomingShares"
        | "ListProfiles"
        | "GetDefaultProfile"
        | "ListPeople"
        | "ListAccessibleOwners"
        | "ListConnectedApps"
        | "ListHistory"
        | "ListBlockedPeople"
        | "ListTags"
        | "BlockPerson"
        | "UnblockPerson"
        | "ListSuggestions"
        | "ExportMyData"
        | "RequestErasure"
        | "EraseMyData" => &[INVALID],
        "UpdateProfile" => &[BODY, A_PROFILE, &[Code::ProfileIsDefault, Code::PreconditionFailed]],
        "DeleteProfile" => {
            &[INVALID, A_PROFILE, &[Code::ProfileIsDefault, Code::ProfileInUse, Code::PreconditionFailed]]
        }
        "ListNodeViewers" | "ViewAs" | "StopAccess" => &[BODY],
        "PreviewChange" => &[BODY, A_PROFILE],
        "RebindApp" => &[BODY, AN_APP, A_PROFILE],
        "DisconnectApp" => &[INVALID, AN_APP],
        _ => &[],
    };
    // Every operation takes consistency tokens.
    let is_change = ["Create", "Update", "GetDefault", "Delete", "Rebind", "Block", "Stop"]
        .iter()
        .any(|change| operation.starts_with(change));
    let erased = is_change.then_some(Code::UserBeingErased);
    parts.concat().into_iter().chain([Code::TokenAhead]).chain(erased).collect()
}

/// The meaning of a code for clients.
pub(super) fn meaning(code: ErrorCode) -> &'static str {
    match code {
        Code::ValidationError => "fields or parameters are invalid; `errors` names every one",
        Code::MalformedJson => "the body is not a JSON object, or is incomplete",
        Code::Unauthorized => "there is no token, or it is invalid; the message names the check that failed",
        Code::FirstPartyAppRequired => "a valid token of another kind of app, or an API key without a token",
        Code::Forbidden => "the user may see it but may not do this",
        Code::ShareNotFound => "the share does not exist, or the user may not see it",
        Code::ProfileNotFound => "the exposure profile does not exist, or belongs to another user",
        Code::AppAccessNotFound => "the app has no access grant",
        Code::NotFound => "there is nothing at this path",
        Code::MethodNotAllowed => "this path does not support this method",
        Code::PayloadTooLarge => {
            "the body is larger than 256 KiB (`view-as` and `preview`: 8 MiB), or has more than 100,000 values"
        }
        Code::UnsupportedMediaType => "the body is not `application/json`, or it is compressed",
        Code::SharingExists => "an active share gives the same to the same person; `details.share_id` is its id",
        Code::ShareRevoked => "the share is revoked permanently",
        Code::ProfileIsDefault => "the default profile can be changed, but not deleted or unset",
        Code::ProfileInUse => "the profile has active access grants; `details.apps` has the ids of the apps",
        Code::IdempotencyKeyInFlight => "the first request with this key is still in flight",
        Code::IdempotencyKeyReused => "the key was used for another request",
        Code::PreconditionFailed => "`If-Match` does not name the current version",
        Code::UserBeingErased => "a person whom the change names is being erased",
        Code::TokenAhead => "a token in `X-Consistency-Token` is ahead of the database",
        Code::RateLimitExceeded => "too many requests; retry after the seconds in `Retry-After`",
        Code::ServiceUnavailable => "a service is unavailable, slow or overloaded; retry later",
        Code::InternalServerError => "an internal error; the log has the request id",
    }
}

/// An example response with this code.
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
