//! A gateway with keys of the test's own.

use std::{fs, path::PathBuf, time::Duration};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair,
    },
};
use gateway::{
    auth::AuthSettings,
    config::{Limits, Settings},
};
use http::Method;
use http_server::{
    ConnectionSettings,
    tls::{ClientTls, ServerTls},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use runtime::{
    clock::Clock,
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use serde_json::{Value, json};
use telemetry::TelemetrySettings;
use tempfile::TempDir;
use test_kit::{Answer, HttpClient};

/// A key that signs, and what verifies it.
pub struct Signer {
    pub algorithm: Algorithm,
    pub private: EncodingKey,
    pub public_der: Vec<u8>,
}

impl Signer {
    pub fn ed25519() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            algorithm: Algorithm::EdDSA,
            private: EncodingKey::from_ed_der(pkcs8.as_ref()),
            public_der: public.as_ref().to_vec(),
        }
    }

    pub fn p256() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            algorithm: Algorithm::ES256,
            private: EncodingKey::from_ec_der(pkcs8.as_ref()),
            public_der: public.as_ref().to_vec(),
        }
    }

    pub fn p384() -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new()).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            algorithm: Algorithm::ES384,
            private: EncodingKey::from_ec_der(pkcs8.as_ref()),
            public_der: public.as_ref().to_vec(),
        }
    }

    pub fn rsa() -> Self {
        let pair = rsa::KeyPair::generate(rsa::KeySize::Rsa2048).unwrap();
        let pkcs8: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        Self {
            algorithm: Algorithm::RS256,
            private: EncodingKey::from_rsa_pem(pem("PRIVATE KEY", pkcs8.as_ref()).as_bytes()).unwrap(),
            public_der: public.as_ref().to_vec(),
        }
    }

    pub fn secret(secret: &str) -> Self {
        Self {
            algorithm: Algorithm::HS256,
            private: EncodingKey::from_secret(secret.as_bytes()),
            public_der: Vec::new(),
        }
    }

    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public_der)
    }

    /// The public key as a JWK under this id.
    pub fn jwk(&self, id: &str) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.private, self.algorithm).unwrap();
        jwk.common.key_id = Some(id.to_owned());
        serde_json::to_value(jwk).unwrap()
    }

    pub fn sign(&self, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.private).unwrap()
    }
}

/// Base64 between the lines that say what it is (RFC 7468).
fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for (index, three) in der.chunks(3).enumerate() {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let value = usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap();
            text.push(if digit <= three.len() { char::from(DIGITS[value]) } else { '=' });
        }
        if index % 16 == 15 {
            text.push('\n');
        }
    }
    format!("{}\n-----END {label}-----\n", text.trim_end())
}

/// The claims of a good token.
pub fn claims() -> Value {
    let now = Clock::system().now().utc().timestamp();
    json!({"iss": "issuer", "aud": "audience", "sub": "ann", "tier": "L0", "iat": now, "exp": now + 3_600})
}

/// Settings without a key.
pub fn auth() -> AuthSettings {
    AuthSettings {
        jwt_issuer: "issuer".to_owned(),
        jwt_audience: "audience".to_owned(),
        jwt_algorithms: Vec::new(),
        jwt_public_key: None,
        jwt_jwks_file: None,
        jwt_jwks_url: None,
        jwt_jwks_max_age: Duration::from_hours(24),
        jwt_secret: None,
        first_party_claim: "tier".to_owned(),
        first_party_values: vec!["L0".to_owned()],
        first_party_clients: vec!["our-client".to_owned()],
    }
}

pub struct TestServer {
    http: HttpClient,
    address: String,
    shutdown: Shutdown,
    _files: TempDir,
}

/// A file of the test's own, and the folder that it goes with.
pub fn file(text: &str) -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    fs::write(&path, text).unwrap();
    (path, folder)
}

pub async fn open(auth: AuthSettings) -> anyhow::Result<gateway::Gateway> {
    open_by(auth, Clock::system()).await
}

async fn open_by(auth: AuthSettings, clock: Clock) -> anyhow::Result<gateway::Gateway> {
    let nowhere = || "http://127.0.0.1:1".parse().unwrap();
    let settings = Settings {
        file: FileSettings { config: None },
        listen: "127.0.0.1:0".parse()?,
        admin_listen: "127.0.0.1:0".parse()?,
        end: ShutdownSettings { drain: Duration::from_millis(100), lame_duck: Duration::ZERO },
        tls: ServerTls::default(),
        insecure_plaintext: false,
        upstream_tls: ClientTls::default(),
        connections: ConnectionSettings::default(),
        sharing_url: nowhere(),
        exposure_url: nowhere(),
        limits: Limits { rate_limit: 0, ..Limits::default() },
        auth,
        telemetry: TelemetrySettings::default(),
    };
    gateway::open(settings, clock).await
}

impl TestServer {
    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks it anything.
    pub fn http(&self) -> &HttpClient {
        &self.http
    }

    /// A gateway that needs no files, by this clock.
    pub async fn start_by(auth: AuthSettings, clock: Clock) -> Self {
        Self::serve(open_by(auth, clock).await.unwrap(), file("").1)
    }

    pub async fn start(auth: AuthSettings, files: TempDir) -> Self {
        Self::serve(open(auth).await.unwrap(), files)
    }

    fn serve(gateway: gateway::Gateway, files: TempDir) -> Self {
        let address = gateway.address().unwrap().to_string();
        let http = HttpClient::new(format!("http://{address}"));
        let shutdown = Shutdown::new();
        tokio::spawn(gateway.serve(shutdown.clone()));
        Self { http, address, shutdown, _files: files }
    }

    /// A gateway that a PEM of this key verifies for.
    pub async fn with_pem(signer: &Signer) -> Self {
        let (path, files) = file(&signer.public_pem());
        Self::start(AuthSettings { jwt_public_key: Some(path), ..auth() }, files).await
    }

    pub async fn ask(&self, headers: &[(&str, &str)]) -> Answer {
        self.http.send(Method::GET, "/api/v1/sharing/outgoing", headers, "").await.unwrap()
    }

    /// The same, of a request that may not be read to its end.
    pub async fn try_ask(&self, headers: &[(&str, &str)]) -> Option<Answer> {
        self.http.send(Method::GET, "/api/v1/sharing/outgoing", headers, "").await.ok()
    }

    /// The status that a token gets; 503: it was accepted.
    pub async fn status(&self, token: &str) -> u16 {
        self.ask(&[("authorization", &format!("Bearer {token}"))]).await.status.as_u16()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.shutdown.begin();
    }
}
