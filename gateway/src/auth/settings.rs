//! Settings of authentication. There are no defaults: without issuer, audience and a key the gateway does not start.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jsonwebtoken::Algorithm;
use runtime::{process::ConfigurationError, settings::list_entry};
use secrecy::SecretString;

/// Settings of token verification.
#[derive(clap::Args, Clone, Debug)]
pub struct AuthSettings {
    /// The `iss` that a token must have
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: String,
    /// The `aud` that a token must have
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: String,
    /// The allowed algorithms [default: RS256, ES256 and `EdDSA`; HS256 with a secret]
    #[arg(long, env = "JWT_ALGORITHMS", value_delimiter = ',', value_parser = list_entry::<Algorithm>)]
    pub jwt_algorithms: Vec<Algorithm>,
    /// A PEM file with the public key that verifies tokens
    #[arg(long, env = "JWT_PUBLIC_KEY", value_name = "FILE", group = "key")]
    pub jwt_public_key: Option<PathBuf>,
    /// A JWKS file with the public keys that verify tokens
    #[arg(long, env = "JWT_JWKS_FILE", value_name = "FILE", group = "key")]
    pub jwt_jwks_file: Option<PathBuf>,
    /// Where to fetch the JWKS with the public keys that verify tokens; `https`, or `http` on this machine
    #[arg(long, env = "JWT_JWKS_URL", value_name = "URL", group = "key")]
    pub jwt_jwks_url: Option<http::Uri>,
    /// How long keys from `JWT_JWKS_URL` are used after the last successful fetch; then every token is rejected until a fetch succeeds
    #[arg(long, env = "JWT_JWKS_MAX_AGE", default_value = "24h", value_parser = humantime::parse_duration)]
    pub jwt_jwks_max_age: Duration,
    /// A secret of 32 bytes or more that signs and verifies tokens (HS256)
    #[arg(long, env = "JWT_SECRET", hide_env_values = true, group = "key")]
    pub jwt_secret: Option<SecretString>,
    /// The claim that identifies first-party apps
    #[arg(long, env = "FIRST_PARTY_CLAIM", default_value = "tier")]
    pub first_party_claim: String,
    /// The values of that claim that first-party apps have
    #[arg(long, env = "FIRST_PARTY_VALUES", value_delimiter = ',', default_value = "L0", value_parser = list_entry::<String>)]
    pub first_party_values: Vec<String>,
    /// Clients (`client_id` or `azp`) that are first-party regardless of the claim
    #[arg(long, env = "FIRST_PARTY_CLIENTS", value_delimiter = ',', value_parser = list_entry::<String>)]
    pub first_party_clients: Vec<String>,
}

/// The source of keys.
pub(super) enum KeySource<'a> {
    Pem(&'a Path),
    JwksFile(&'a Path),
    JwksUrl(&'a http::Uri),
    Secret(&'a SecretString),
}

impl AuthSettings {
    /// The one source of keys. Of two, whichever were taken, the other might be the one that was meant; and the group that keeps
    /// flags apart does not see what a settings file says.
    pub(super) fn key_source(&self) -> Result<KeySource<'_>, ConfigurationError> {
        let sources = [
            self.jwt_public_key.as_deref().map(|path| ("JWT_PUBLIC_KEY", KeySource::Pem(path))),
            self.jwt_jwks_file.as_deref().map(|path| ("JWT_JWKS_FILE", KeySource::JwksFile(path))),
            self.jwt_jwks_url.as_ref().map(|url| ("JWT_JWKS_URL", KeySource::JwksUrl(url))),
            self.jwt_secret.as_ref().map(|secret| ("JWT_SECRET", KeySource::Secret(secret))),
        ];
        let mut given = sources.into_iter().flatten();
        match (given.next(), given.next()) {
            (Some((_, source)), None) => Ok(source),
            (Some((one, _)), Some((other, _))) => {
                Err(ConfigurationError::new(format!("{one} and {other} are both set; set one source of keys")))
            }
            (None, _) => Err(ConfigurationError::new(
                "set the source of keys: JWT_PUBLIC_KEY, JWT_JWKS_FILE, JWT_JWKS_URL or JWT_SECRET",
            )),
        }
    }

    /// Rejects settings under which a token would not be checked.
    pub(super) fn validate(&self) -> Result<(), ConfigurationError> {
        for (name, value) in [("JWT_ISSUER", &self.jwt_issuer), ("JWT_AUDIENCE", &self.jwt_audience)] {
            if value.trim().is_empty() {
                let reason = format!("{name} must not be empty: tokens of any issuer or audience would be accepted");
                return Err(ConfigurationError::new(reason));
            }
        }
        for (name, list) in
            [("FIRST_PARTY_VALUES", &self.first_party_values), ("FIRST_PARTY_CLIENTS", &self.first_party_clients)]
        {
            if list.iter().any(|entry| entry.trim().is_empty()) {
                let message = format!("{name} has an empty entry, which would match a token whose claim is empty");
                return Err(ConfigurationError::new(message));
            }
        }
        if self.first_party_claim.trim().is_empty() {
            return Err(ConfigurationError::new("FIRST_PARTY_CLAIM must not be empty"));
        }
        if self.jwt_jwks_max_age < Duration::from_secs(1) {
            return Err(ConfigurationError::new("JWT_JWKS_MAX_AGE must be `1s` or longer"));
        }
        if !self.first_party_values.is_empty() || !self.first_party_clients.is_empty() {
            return Ok(());
        }
        let reason = "there is no rule for first-party apps: set FIRST_PARTY_CLAIM and FIRST_PARTY_VALUES, or FIRST_PARTY_CLIENTS";
        Err(ConfigurationError::new(reason))
    }
}
