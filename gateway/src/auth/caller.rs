//! The authentication layer: users of first-party apps within their rate limit.

use std::sync::Arc;

use admission::rate_limit::{RateLimit, Requester};
use axum::{
    extract::{FromRequestParts, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, header, request::Parts};
use runtime::clock::Clock;
use tracing::error;
use types::{Id, User};

use super::{
    AuthSettings, counts,
    jwks::{self, Jwks},
    keys::KeySet,
    settings::KeySource,
    token::{Identity, TokenError, Verifier},
};
use crate::error::{ApiError, ErrorCode};

/// The authenticated user of a request, as an extractor.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The user.
    pub user: Id<User>,
}

/// Tells users from everyone else.
#[derive(Clone)]
pub struct Authentication {
    verifier: Arc<Verifier>,
    jwks: Option<Arc<Jwks>>,
    rate_limit: Arc<RateLimit>,
}

impl Authentication {
    /// Applies the settings; keys from a URL are fetched before this returns.
    pub async fn new(settings: &AuthSettings, rate_limit: RateLimit, clock: Clock) -> anyhow::Result<Self> {
        settings.validate()?;
        counts::describe();
        let allowed = &settings.jwt_algorithms;
        let (mut jwks, mut expires_at) = (None, None);
        let keys = match settings.key_source()? {
            KeySource::Pem(path) => KeySet::from_pem(path, allowed)?,
            KeySource::JwksFile(path) => KeySet::from_jwks_file(path, allowed)?,
            KeySource::Secret(secret) => KeySet::from_secret(secret, allowed)?,
            KeySource::JwksUrl(url) => {
                let max_age = settings.jwt_jwks_max_age;
                let source = Arc::new(Jwks::new(url.clone(), allowed.clone(), max_age, clock.clone())?);
                let keys = source.fetch_first().await?;
                expires_at = Some(source.expiry());
                jwks = Some(source);
                keys
            }
        };
        let verifier = Arc::new(Verifier::new(settings, keys, expires_at, clock));
        if let Some(jwks) = &jwks {
            tokio::spawn(jwks::keep_fresh(jwks.clone(), Arc::downgrade(&verifier)));
        }
        Ok(Self { verifier, jwks, rate_limit: Arc::new(rate_limit) })
    }
}

/// Authenticates the token and takes one request from the user's rate limit.
pub async fn require_caller(
    State(authentication): State<Authentication>,
    mut request: Request,
    next: Next,
) -> Response {
    let token = match bearer_token(request.headers()) {
        Ok(token) => token.to_owned(),
        Err(error) => return error.into_response(),
    };
    let Authentication { verifier, jwks, rate_limit } = authentication;
    let mut verified = verifier.verify(&token);
    if let (Err(refused), Some(jwks)) = (&verified, &jwks) {
        let is_unknown = verifier.unknown_key(&token).is_some();
        if is_unknown {
            // In its own task: a client that disconnects must not cancel a fetch that others wait for.
            let (jwks, by) = (jwks.clone(), verifier.clone());
            let fetched = tokio::spawn(async move { jwks.fetch_for_unknown_key(&by).await });
            if let Err(panic) = fetched.await {
                error!(%panic, "fetching the keys that verify tokens failed");
            }
        }
        // Also if the key became known meanwhile: another request may have fetched it between the two lookups.
        if is_unknown || *refused == TokenError::UnknownKey {
            verified = verifier.verify(&token);
        }
    }
    let identity = match verified {
        Ok(identity) => identity,
        Err(refused) => {
            let reason = refused.message();
            let challenge = format!("realm=\"ofself\", error=\"invalid_token\", error_description=\"{reason}\"");
            return ApiError::unauthorized(reason, &challenge).into_response();
        }
    };
    let Identity { user, is_first_party } = identity;
    let allowance = rate_limit.take(&Requester { user: user.clone(), is_first_party });
    let mut response = match (allowance.wait, is_first_party) {
        (Some(wait), _) => ApiError::rate_limited(wait).into_response(),
        (None, false) => first_party_required().into_response(),
        (None, true) => {
            let caller = Caller { user };
            request.extensions_mut().insert(caller.clone());
            let mut response = next.run(request).await;
            // For the log, which names the user of every response.
            response.extensions_mut().insert(caller);
            response
        }
    };
    allowance.write(response.headers_mut());
    response
}

fn bearer_token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let values = headers.get_all(header::AUTHORIZATION);
    let is_token = |value: &HeaderValue| value.as_bytes().to_ascii_lowercase().starts_with(b"bearer");
    // Third-party apps send an API key, which is not accepted here.
    if headers.contains_key("x-api-key") && !values.iter().any(is_token) {
        return Err(first_party_required());
    }
    let mut values = values.iter();
    let Some(value) = values.next() else {
        return Err(ApiError::unauthorized("send a token: Authorization: Bearer …", "realm=\"ofself\""));
    };
    let invalid = || {
        let challenge = "realm=\"ofself\", error=\"invalid_request\"";
        ApiError::unauthorized("send one Authorization header: Bearer, a space, the token", challenge)
    };
    if values.next().is_some() {
        return Err(invalid());
    }
    let (scheme, token) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(invalid)?;
    // One space or more (RFC 9110, 11.4).
    let token = token.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() { Ok(token) } else { Err(invalid()) }
}

fn first_party_required() -> ApiError {
    let message = "only first-party apps manage sharing and exposure profiles; apps act within what these allow";
    ApiError::new(ErrorCode::FirstPartyAppRequired, message)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // A route outside the layer has no caller, so a handler with this extractor is not reached.
        parts.extensions.get::<Self>().cloned().ok_or_else(ApiError::internal)
    }
}
