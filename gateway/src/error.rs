//! Every error as the REST contract writes it (docs/rest-api.md). The one place where an error of a service becomes a
//! REST response.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use grpc_server::rpc_error::{MORE_FIELDS, RpcError, VALIDATION_ERROR};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tonic::{Code, Status};
use tracing::{error, warn};
use types::FieldErrors;
use utoipa::ToSchema;

/// When a caller may try again after a service was away.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(1);

/// The error, for programs
#[derive(Clone, Copy, Debug, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "each is explained where the contract lists it, in docs/rest-api.md")]
pub enum ErrorCode {
    ValidationError,
    MalformedJson,
    Unauthorized,
    FirstPartyAppRequired,
    Forbidden,
    ShareNotFound,
    ProfileNotFound,
    AppAccessNotFound,
    NotFound,
    MethodNotAllowed,
    PayloadTooLarge,
    UnsupportedMediaType,
    SharingExists,
    ShareRevoked,
    ProfileIsDefault,
    ProfileInUse,
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    PreconditionFailed,
    TokenAhead,
    UserBeingErased,
    RateLimitExceeded,
    ServiceUnavailable,
    InternalServerError,
}

/// An error on its way to the client. The envelope is written at the outermost layer, which has the request id.
#[derive(Clone, Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: String,
    details: Vec<(String, Value)>,
    fields: FieldErrors,
    retry_after: Option<Duration>,
    /// Rejected by admission control or the rate limit.
    is_shed: bool,
    /// The scheme's parameters of `WWW-Authenticate`, on 401 (RFC 6750).
    challenge: Option<Box<str>>,
}

/// Every failure
#[derive(Serialize, ToSchema)]
#[schema(as = Error, example = json!({
    "error": {"code": "VALIDATION_ERROR", "message": "tag_ids is required when scope is specific_tags", "request_id": "0198c0de"},
    "errors": {"tag_ids": ["is required when scope is specific_tags"]}
}))]
pub(crate) struct Envelope<'a> {
    #[schema(inline)]
    error: Explanation<'a>,
    /// The errors of each field, by its path (`tag_expression.conditions[1].op`); on validation errors only
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<HashMap<String, Vec<String>>>, nullable = false)]
    errors: Map<String, Value>,
}

#[derive(Serialize, ToSchema)]
struct Explanation<'a> {
    #[schema(value_type = ErrorCode)]
    code: &'static str,
    /// One sentence that a person can act on
    message: &'a str,
    /// The id of the request in the log
    request_id: &'a str,
    /// What a caller needs beside, to act: `share_id` of `SHARING_EXISTS`, `apps` (and `more_apps`, how many are not named) of
    /// `PROFILE_IN_USE`, `stopped` and `not_stopped` of a stop of which one part failed, `more_fields` of a `VALIDATION_ERROR` that does not name all of them
    #[serde(skip_serializing_if = "Map::is_empty")]
    #[schema(value_type = Option<HashMap<String, Value>>, nullable = false)]
    details: Map<String, Value>,
}

impl ErrorCode {
    pub(crate) const ALL: [Self; 24] = [
        Self::ValidationError,
        Self::MalformedJson,
        Self::Unauthorized,
        Self::FirstPartyAppRequired,
        Self::Forbidden,
        Self::ShareNotFound,
        Self::ProfileNotFound,
        Self::AppAccessNotFound,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::SharingExists,
        Self::ShareRevoked,
        Self::ProfileIsDefault,
        Self::ProfileInUse,
        Self::IdempotencyKeyInFlight,
        Self::IdempotencyKeyReused,
        Self::PreconditionFailed,
        Self::TokenAhead,
        Self::UserBeingErased,
        Self::RateLimitExceeded,
        Self::ServiceUnavailable,
        Self::InternalServerError,
    ];

    /// The code as it is written, and its status.
    pub fn written(self) -> (&'static str, StatusCode) {
        match self {
            Self::ValidationError => (VALIDATION_ERROR, StatusCode::BAD_REQUEST),
            Self::MalformedJson => ("MALFORMED_JSON", StatusCode::BAD_REQUEST),
            Self::Unauthorized => ("UNAUTHORIZED", StatusCode::UNAUTHORIZED),
            Self::FirstPartyAppRequired => ("FIRST_PARTY_APP_REQUIRED", StatusCode::FORBIDDEN),
            Self::Forbidden => ("FORBIDDEN", StatusCode::FORBIDDEN),
            Self::ShareNotFound => ("SHARE_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::ProfileNotFound => ("PROFILE_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::AppAccessNotFound => ("APP_ACCESS_NOT_FOUND", StatusCode::NOT_FOUND),
            Self::NotFound => ("NOT_FOUND", StatusCode::NOT_FOUND),
            Self::MethodNotAllowed => ("METHOD_NOT_ALLOWED", StatusCode::METHOD_NOT_ALLOWED),
            Self::PayloadTooLarge => ("PAYLOAD_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMediaType => ("UNSUPPORTED_MEDIA_TYPE", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::SharingExists => ("SHARING_EXISTS", StatusCode::CONFLICT),
            Self::ShareRevoked => ("SHARE_REVOKED", StatusCode::CONFLICT),
            Self::ProfileIsDefault => ("PROFILE_IS_DEFAULT", StatusCode::CONFLICT),
            Self::ProfileInUse => ("PROFILE_IN_USE", StatusCode::CONFLICT),
            Self::IdempotencyKeyInFlight => ("IDEMPOTENCY_KEY_IN_FLIGHT", StatusCode::CONFLICT),
            Self::IdempotencyKeyReused => ("IDEMPOTENCY_KEY_REUSED", StatusCode::UNPROCESSABLE_ENTITY),
            Self::PreconditionFailed => ("PRECONDITION_FAILED", StatusCode::PRECONDITION_FAILED),
            Self::UserBeingErased => ("USER_BEING_ERASED", StatusCode::CONFLICT),
            Self::TokenAhead => ("TOKEN_AHEAD", StatusCode::CONFLICT),
            Self::RateLimitExceeded => ("RATE_LIMIT_EXCEEDED", StatusCode::TOO_MANY_REQUESTS),
            Self::ServiceUnavailable => ("SERVICE_UNAVAILABLE", StatusCode::SERVICE_UNAVAILABLE),
            Self::InternalServerError => ("INTERNAL_SERVER_ERROR", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }
}

impl ApiError {
    /// A failure that one sentence explains.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            fields: FieldErrors::new(),
            retry_after: None,
            is_shed: false,
            challenge: None,
        }
    }

    /// Wrong fields, all of them.
    pub fn validation(fields: FieldErrors) -> Self {
        let message = fields.first();
        let more = (fields.more() > 0).then(|| (MORE_FIELDS.to_owned(), fields.more().into()));
        Self { details: more.into_iter().collect(), fields, ..Self::new(ErrorCode::ValidationError, message) }
    }

    /// No token, or an invalid one. `parameters` follow `WWW-Authenticate: Bearer`.
    pub fn unauthorized(message: &str, parameters: &str) -> Self {
        Self { challenge: Some(format!("Bearer {parameters}").into()), ..Self::new(ErrorCode::Unauthorized, message) }
    }

    /// The rate limit is exceeded; the next request may come after `wait`.
    pub fn rate_limited(wait: Duration) -> Self {
        let message = "too many requests; retry after the seconds in Retry-After";
        Self { retry_after: Some(wait), is_shed: true, ..Self::new(ErrorCode::RateLimitExceeded, message) }
    }

    /// A user has reached the limit of requests in flight.
    pub fn too_many_at_once() -> Self {
        let message = "too many of your requests are in flight; wait for a response";
        Self { retry_after: Some(RETRY_UNAVAILABLE), is_shed: true, ..Self::new(ErrorCode::RateLimitExceeded, message) }
    }

    /// There is too much to do for anything more.
    pub fn overloaded() -> Self {
        let message = "the server is overloaded; retry later";
        Self {
            retry_after: Some(RETRY_UNAVAILABLE),
            is_shed: true,
            ..Self::new(ErrorCode::ServiceUnavailable, message)
        }
    }

    /// A service behind the gateway is unavailable or slow.
    pub fn unavailable() -> Self {
        let message = "a service is unavailable; retry later";
        Self { retry_after: Some(RETRY_UNAVAILABLE), ..Self::new(ErrorCode::ServiceUnavailable, message) }
    }

    /// An internal error; its cause is only logged.
    pub fn internal() -> Self {
        Self::new(ErrorCode::InternalServerError, "internal error")
    }

    /// The fields that are wrong, when that is the failure.
    pub fn wrong_fields(&self) -> Option<&FieldErrors> {
        (self.code == ErrorCode::ValidationError).then_some(&self.fields)
    }

    /// Whether the request was rejected before any work.
    pub fn is_shed(&self) -> bool {
        self.is_shed
    }

    /// The sentence that explains it.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same with a detail.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: &str) -> Self {
        self.details.push((name.to_owned(), Value::String(value.to_owned())));
        self
    }

    /// The same, to be retried as `other`.
    #[must_use]
    pub fn with_retry_of(self, other: &Self) -> Self {
        Self { retry_after: other.retry_after.or(Some(RETRY_UNAVAILABLE)), ..self }
    }

    /// Its code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The response, with its envelope.
    pub fn respond(&self, request_id: &str) -> Response {
        let (code, status) = self.code.written();
        let envelope = Envelope {
            error: Explanation {
                code,
                message: &self.message,
                request_id,
                details: self.details.iter().cloned().collect(),
            },
            errors: self.fields.iter().map(|(path, found)| (path.to_owned(), json!(found))).collect(),
        };
        let mut response = (status, serde_json::to_string(&envelope).unwrap_or_default()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(wait) = self.retry_after {
            // Whole seconds, and never sooner than it may be tried.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            headers.insert(header::RETRY_AFTER, seconds.max(1).into());
        }
        if let Some(challenge) = self.challenge.as_deref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    fn from_refusal(refusal: RpcError, message: &str) -> Option<Self> {
        let RpcError { reason, metadata, fields, retry_after } = refusal;
        let code = ErrorCode::ALL.into_iter().find(|code| code.written().0 == reason)?;
        #[expect(clippy::wildcard_enum_match_arm, reason = "every other code is passed through")]
        Some(match code {
            ErrorCode::ValidationError => Self::validation(fields),
            ErrorCode::ServiceUnavailable => {
                let unavailable = Self::unavailable();
                // The message of the service names the unavailable part and whether reads go on.
                Self { retry_after: retry_after.or(unavailable.retry_after), ..Self::new(code, message) }
            }
            ErrorCode::InternalServerError => Self::internal(),
            _ => {
                let mut details: Vec<_> = metadata
                    .into_iter()
                    .map(|(key, value)| match key.as_str() {
                        "apps" => (key, value.split(',').collect()),
                        "more_apps" => (key, value.parse::<u64>().map_or(Value::Null, Value::from)),
                        _ => (key, Value::String(value)),
                    })
                    .collect();
                details.sort_by(|(one, _), (other, _)| one.cmp(other));
                Self { details, retry_after, ..Self::new(code, message) }
            }
        })
    }
}

impl From<Status> for ApiError {
    fn from(status: Status) -> Self {
        if let Some(known) = RpcError::from_status(&status).and_then(|why| Self::from_refusal(why, status.message())) {
            return known;
        }
        // A status with a source was made here, of a connection that failed, and not sent by a service.
        let failed_here = std::error::Error::source(&status).is_some();
        let code = status.code();
        let is_away =
            matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::ResourceExhausted);
        if is_away || failed_here {
            warn!(?code, message = status.message(), "a service is unavailable or slow");
            return Self::unavailable();
        }
        error!(?code, message = status.message(), "a service returned an unexpected error");
        Self::internal()
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.code.written().1.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
