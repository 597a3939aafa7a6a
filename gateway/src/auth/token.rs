//! Token verification, with a cache (RFC 7519, RFC 8725).

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use jsonwebtoken::{Header, Validation, decode, decode_header, errors::ErrorKind};
use quick_cache::sync::Cache;
use runtime::{clock::Clock, digest::sha256};
use types::{Id, User};

use super::{
    claims::Claims,
    counts::{self, Verification},
    first_party::FirstParty,
    keys::KeySet,
    settings::AuthSettings,
};
use crate::json::Json;

/// Clocks may differ by this much.
const LEEWAY: Duration = Duration::from_secs(30);
/// A token is verified anew after this long.
const CACHE_TTL: Duration = Duration::from_mins(1);
/// Tokens in the cache at most.
const CACHE_CAPACITY: usize = 16_384;
/// Maximum length of a token.
const MAX_BYTES: usize = 8 * 1024;

/// A user, as a good token names them.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) user: Id<User>,
    pub(super) is_first_party: bool,
}

/// Why a token is rejected: the failed check, and nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    Malformed,
    UnknownKey,
    Signature,
    Expired,
    NotYet,
    Issuer,
    Audience,
    Claims,
}

/// Verifies tokens with the current keys.
pub(super) struct Verifier {
    validation: Validation,
    first_party: FirstParty,
    keys: ArcSwap<Generation>,
    cache: Cache<[u8; 32], CachedIdentity>,
    clock: Clock,
}

/// The keys and their generation: cached tokens of older generations are invalid.
struct Generation {
    number: u64,
    keys: KeySet,
    /// From this Unix second on, the keys verify nothing.
    expires_at: Option<i64>,
}

static NO_KEYS: KeySet = KeySet::empty();

impl Generation {
    fn keys_at(&self, now: i64) -> &KeySet {
        if self.expires_at.is_some_and(|expires_at| now >= expires_at) { &NO_KEYS } else { &self.keys }
    }
}

#[derive(Clone)]
struct CachedIdentity {
    identity: Identity,
    generation: u64,
    until: i64,
}

impl Verifier {
    pub(super) fn new(settings: &AuthSettings, keys: KeySet, expires_at: Option<i64>, clock: Clock) -> Self {
        let mut validation = Validation::default();
        // Without this, a token without `iss` or `aud` would pass: jsonwebtoken checks only required claims if they are missing.
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&settings.jwt_issuer]);
        validation.set_audience(&[&settings.jwt_audience]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY.as_secs();
        Self {
            validation,
            first_party: FirstParty::new(settings),
            keys: ArcSwap::from_pointee(Generation { number: 0, keys, expires_at }),
            cache: Cache::new(CACHE_CAPACITY),
            clock,
        }
    }

    /// Replaces the keys, until `expires_at` (Unix seconds) if it is given.
    pub(super) fn replace_keys(&self, keys: KeySet, expires_at: Option<i64>) {
        let number = self.keys.load().number + 1;
        self.keys.store(Arc::new(Generation { number, keys, expires_at }));
    }

    /// The number of current keys: none after they have expired.
    pub(super) fn key_count(&self) -> usize {
        self.keys.load().keys_at(self.now()).len()
    }

    /// The key id of a token, if the key is unknown.
    pub(super) fn unknown_key(&self, token: &str) -> Option<String> {
        let id = read_header(token).ok()?.kid?;
        (!self.keys.load().keys_at(self.now()).knows(&id)).then_some(id)
    }

    fn now(&self) -> i64 {
        self.clock.now().utc().timestamp()
    }

    pub(super) fn verify(&self, token: &str) -> Result<Identity, TokenError> {
        let generation = self.keys.load();
        let now = self.now();
        let digest = sha256(&[token.as_bytes()]);
        if let Some(known) = self.cache.get(&digest)
            && known.generation == generation.number
            && now < known.until
        {
            counts::token(Verification::Remembered);
            return Ok(known.identity);
        }
        let verified = self.verify_uncached(token, generation.keys_at(now), now);
        counts::token(if verified.is_ok() { Verification::Verified } else { Verification::Refused });
        let (identity, expiry) = verified?;
        let until = expiry.min(now.saturating_add_unsigned(CACHE_TTL.as_secs()));
        let until = generation.expires_at.map_or(until, |keys_expire| until.min(keys_expire));
        let known = CachedIdentity { identity: identity.clone(), generation: generation.number, until };
        self.cache.insert(digest, known);
        Ok(identity)
    }

    fn verify_uncached(&self, token: &str, keys: &KeySet, now: i64) -> Result<(Identity, i64), TokenError> {
        let header = read_header(token)?;
        let mut failure = TokenError::UnknownKey;
        for key in keys.matching(header.kid.as_deref(), header.alg) {
            let validation = Validation { algorithms: key.algorithms.clone(), ..self.validation.clone() };
            match decode::<Claims>(token, &key.decoding, &validation) {
                Ok(verified) => return self.identity(&verified.claims, now),
                Err(error) => failure = error.into(),
            }
            // Another key can fix a signature error, but no invalid claim.
            if !matches!(failure, TokenError::Signature | TokenError::Malformed) {
                break;
            }
        }
        Err(failure)
    }

    fn identity(&self, claims: &Claims, now: i64) -> Result<(Identity, i64), TokenError> {
        if let Some(issued) = claims.get("iat") {
            let issued = issued.as_f64().ok_or(TokenError::Claims)?;
            #[expect(clippy::cast_precision_loss, reason = "a second more or less is within the leeway")]
            let latest = now.saturating_add_unsigned(LEEWAY.as_secs()) as f64;
            if issued > latest {
                return Err(TokenError::NotYet);
            }
        }
        // A StringOrURI (RFC 7519, 4.1.1); the library also accepts an array of them.
        if claims.get("iss").and_then(Json::as_str).is_none() {
            return Err(TokenError::Claims);
        }
        let expiry = claims.get("exp").and_then(Json::as_f64).ok_or(TokenError::Claims)?;
        #[expect(clippy::cast_possible_truncation, reason = "it saturates, and the verification compared it already")]
        let expiry = expiry as i64;
        let user = claims.get("sub").and_then(Json::as_str).and_then(|sub| Id::parse(sub).ok());
        let user = user.ok_or(TokenError::Claims)?;
        Ok((Identity { user, is_first_party: self.first_party.admits(claims) }, expiry))
    }
}

/// The header of a token, if it is one that may be verified: critical extensions are not supported here, encryption
/// neither, and a token made for another purpose is not taken for this one.
fn read_header(token: &str) -> Result<Header, TokenError> {
    if token.len() > MAX_BYTES {
        return Err(TokenError::Malformed);
    }
    let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
    let is_access_token = header.typ.as_deref().is_none_or(|typ| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.strip_prefix("application/").unwrap_or(&typ), "jwt" | "at+jwt")
    });
    let is_unencoded = !matches!(header.extras.get::<serde_json::Value>("b64"), Ok(None));
    let is_wrapped = header.enc.is_some() || header.zip.is_some() || header.cty.is_some();
    let asks_more = header.crit.is_some() || is_unencoded || is_wrapped;
    if is_access_token && !asks_more { Ok(header) } else { Err(TokenError::Malformed) }
}

impl TokenError {
    /// Which check failed.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Malformed => "the token is not an acceptable JWT",
            Self::UnknownKey => "the token has an unknown key or a disallowed algorithm",
            Self::Signature => "the signature of the token does not verify",
            Self::Expired => "the token has expired",
            Self::NotYet => "the token is not valid yet",
            Self::Issuer => "the token is of another issuer",
            Self::Audience => "the token is for another audience",
            Self::Claims => "a claim of the token is missing or not of its type",
        }
    }
}

impl From<jsonwebtoken::errors::Error> for TokenError {
    fn from(error: jsonwebtoken::errors::Error) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "whatever else is wrong with a token, it is none")]
        match error.kind() {
            ErrorKind::InvalidSignature => Self::Signature,
            ErrorKind::ExpiredSignature => Self::Expired,
            ErrorKind::ImmatureSignature => Self::NotYet,
            ErrorKind::InvalidIssuer => Self::Issuer,
            ErrorKind::InvalidAudience => Self::Audience,
            ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) | ErrorKind::InvalidSubject => Self::Claims,
            _ => Self::Malformed,
        }
    }
}
