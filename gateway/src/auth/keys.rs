//! The keys that verify tokens. The key and the settings decide which algorithms it verifies, never a token.

use std::{fmt, fs, path::Path};

use anyhow::Context;
use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse},
};
use runtime::process::ConfigurationError;
use rustls::pki_types::{SubjectPublicKeyInfoDer, pem::PemObject};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A secret shorter than this can be guessed (RFC 8725, 3.5).
const SECRET_BYTES: usize = 32;

/// The default algorithms.
const ASYMMETRIC: [Algorithm; 3] = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// The algorithms of an RSA key, if the settings allow them.
const RSA: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// A key and the only algorithms it verifies.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) decoding: DecodingKey,
}

/// A JWKS with unparsed keys.
#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

/// The current keys.
#[derive(Clone)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

impl KeySet {
    /// The key of a PEM file.
    pub(super) fn from_pem(path: &Path, allowed: &[Algorithm]) -> anyhow::Result<Self> {
        let pem = fs::read(path)
            .map_err(|error| ConfigurationError::new(format!("cannot read the key {}: {error}", path.display())))?;
        let candidates = [
            (DecodingKey::from_ed_pem(&pem), [Algorithm::EdDSA].as_slice()),
            (DecodingKey::from_ec_pem(&pem), if is_p384(&pem) { &[Algorithm::ES384] } else { &[Algorithm::ES256] }),
            (DecodingKey::from_rsa_pem(&pem), &RSA),
        ];
        for (decoding, fitting) in candidates {
            if let Ok(decoding) = decoding {
                return Self::one(decoding, within(allowed, fitting), &path.display());
            }
        }
        let message = format!("{} holds no public key in PEM of RSA, P-256, P-384 or Ed25519", path.display());
        Err(ConfigurationError::new(message).into())
    }

    /// The keys of a JWKS file.
    pub(super) fn from_jwks_file(path: &Path, allowed: &[Algorithm]) -> anyhow::Result<Self> {
        let text = fs::read(path)
            .map_err(|error| ConfigurationError::new(format!("cannot read the keys {}: {error}", path.display())))?;
        let keys = Self::from_jwks(&text, allowed)
            .map_err(|error| ConfigurationError::new(format!("{}: {error:#}", path.display())))?;
        if keys.keys.is_empty() {
            let message = format!("{} holds no key that the configured algorithms can use", path.display());
            return Err(ConfigurationError::new(message).into());
        }
        Ok(keys)
    }

    /// The keys of a JWKS. One that no configured algorithm can use, a secret among them, or that cannot be read is passed over: it
    /// takes nothing from the others (RFC 7517, 5).
    pub(super) fn from_jwks(text: &[u8], allowed: &[Algorithm]) -> anyhow::Result<Self> {
        // An array would be read as the members of a set in their order.
        let is_object = text.trim_ascii_start().starts_with(b"{");
        let set = is_object.then(|| serde_json::from_slice(text)).transpose().context("not a JWKS")?;
        let Set { keys } = set.context("not a JWKS: it must be an object")?;
        let keys = keys.into_iter().filter_map(|mut key| {
            // RFC 9864 names the algorithm of Ed25519 keys by itself; `EdDSA` is the older name.
            if let Some(algorithm) = key.get_mut("alg").filter(|algorithm| *algorithm == "Ed25519") {
                *algorithm = "EdDSA".into();
            }
            let jwk: Jwk = serde_json::from_value(key).ok()?;
            let algorithms = within(allowed, &algorithms_of(&jwk));
            let decoding = DecodingKey::from_jwk(&jwk).ok()?;
            let usable = !algorithms.is_empty() && decoding.family() != AlgorithmFamily::Hmac;
            usable.then_some(Key { id: jwk.common.key_id, algorithms, decoding })
        });
        Ok(Self { keys: keys.collect() })
    }

    /// A secret.
    pub(super) fn from_secret(secret: &SecretString, allowed: &[Algorithm]) -> anyhow::Result<Self> {
        let secret = secret.expose_secret().as_bytes();
        if secret.len() < SECRET_BYTES {
            return Err(ConfigurationError::new(format!("JWT_SECRET must have {SECRET_BYTES} bytes or more")).into());
        }
        let algorithms = if allowed.is_empty() { vec![Algorithm::HS256] } else { within(allowed, &[Algorithm::HS256]) };
        Self::one(DecodingKey::from_secret(secret), algorithms, &"JWT_SECRET")
    }

    /// One key, if there is an algorithm that it may be used for: under any other list no token would be good.
    fn one(decoding: DecodingKey, algorithms: Vec<Algorithm>, name: &dyn fmt::Display) -> anyhow::Result<Self> {
        if algorithms.is_empty() {
            let message = format!("{name} has a key of a kind that JWT_ALGORITHMS does not allow");
            return Err(ConfigurationError::new(message).into());
        }
        Ok(Self { keys: vec![Key { id: None, algorithms, decoding }] })
    }

    /// The keys that may verify a token which names `id` and `algorithm` in its header.
    pub(super) fn matching(&self, id: Option<&str>, algorithm: Algorithm) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| {
            let is_named = match (id, key.id.as_deref()) {
                (Some(id), Some(known)) => id == known,
                (None, _) | (_, None) => true,
            };
            is_named && key.algorithms.contains(&algorithm)
        })
    }

    /// Whether a key has this id.
    pub(super) fn knows(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id.as_deref() == Some(id))
    }

    /// How many keys there are.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// The set without a key, which verifies nothing.
    pub(super) const fn empty() -> Self {
        Self { keys: Vec::new() }
    }
}

fn within(allowed: &[Algorithm], fitting: &[Algorithm]) -> Vec<Algorithm> {
    let allowed = if allowed.is_empty() { &ASYMMETRIC } else { allowed };
    fitting.iter().copied().filter(|algorithm| allowed.contains(algorithm)).collect()
}

/// Whether an EC key in PEM is of P-384: its algorithm names the curve (RFC 5480, 2.1.1.1).
fn is_p384(pem: &[u8]) -> bool {
    const SECP384R1: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];
    let key = SubjectPublicKeyInfoDer::from_pem_slice(pem);
    key.is_ok_and(|key| key.windows(SECP384R1.len()).any(|bytes| bytes == SECP384R1))
}

fn algorithms_of(jwk: &Jwk) -> Vec<Algorithm> {
    let is_for = jwk.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let may = jwk.common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !is_for || !may {
        return Vec::new();
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "a kind of key that is not named here verifies nothing")]
    let fitting = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => RSA.to_vec(),
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P256 => {
            vec![Algorithm::ES256]
        }
        AlgorithmParameters::EllipticCurve(parameters) if parameters.curve == EllipticCurve::P384 => {
            vec![Algorithm::ES384]
        }
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => Vec::new(),
    };
    // A key that names its algorithm verifies that one only.
    match jwk.common.key_algorithm.map(algorithm_named) {
        None => fitting,
        Some(named) => fitting.into_iter().filter(|algorithm| Some(*algorithm) == named).collect(),
    }
}

fn algorithm_named(named: KeyAlgorithm) -> Option<Algorithm> {
    named.to_string().parse().ok()
}
