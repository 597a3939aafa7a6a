//! Tokens that a standalone plane signs for itself.

use anyhow::Context;
use jsonwebtoken::{Algorithm, Header, encode};
use runtime::clock::Clock;
use serde::Serialize;
use uuid::Uuid;

use crate::{config::TokenSettings, signing_key::SigningKey};

/// The `iss` of these tokens.
pub const ISSUER: &str = "ofself-standalone";
/// The `aud` of these tokens.
pub const AUDIENCE: &str = "ofself-api";

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'static str,
    sub: &'a str,
    tier: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

/// A token for a user, signed by the key of the data directory, which must be there.
pub fn mint(settings: &TokenSettings, clock: &Clock) -> anyhow::Result<String> {
    let key = SigningKey::load(&settings.data_dir)?;
    let now = clock.now().utc().timestamp();
    let claims = Claims {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: settings.user.as_str(),
        tier: &settings.tier,
        iat: now,
        exp: now.saturating_add_unsigned(settings.ttl.as_secs()),
        jti: Uuid::now_v7().to_string(),
    };
    encode(&Header::new(Algorithm::EdDSA), &claims, &key.encoding).context("cannot sign a token")
}
