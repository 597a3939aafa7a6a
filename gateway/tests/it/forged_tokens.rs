//! Tokens that are forged, twisted or merely wrong: each is refused, and the table says with what
//! (RFC 8725, and the advisories of those who took one).

use std::fmt::Write;

use expect_test::expect_file;
use gateway::auth::AuthSettings;
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::{Value, json};

use crate::test_server::{Signer, TestServer, auth, claims, file};

/// The keys of the JWKS that the gateway verifies by, and one that no JWKS has.
struct Keys {
    ed: Signer,
    ec: Signer,
    rsa: Signer,
    attacker: Signer,
}

fn base64url(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[usize::try_from(bits >> (18 - 6 * digit) & 63).unwrap()]));
        }
    }
    text
}

/// A token of this header and these claims as they are written, signed as `algorithm` says.
fn compact(head: &str, claims: &[u8], key: &EncodingKey, algorithm: Algorithm) -> String {
    let message = format!("{}.{}", base64url(head.as_bytes()), base64url(claims));
    let signature = sign(message.as_bytes(), key, algorithm).unwrap();
    format!("{message}.{signature}")
}

impl Keys {
    fn jwks(&self) -> Value {
        json!({"keys": [self.ed.jwk("ed"), self.ec.jwk("ec"), self.rsa.jwk("rsa")]})
    }

    /// Rightly signed, with this header and the claims of a good token.
    fn headed(&self, head: &str) -> String {
        compact(head, claims().to_string().as_bytes(), &self.ed.private, Algorithm::EdDSA)
    }

    /// Rightly signed, with these claims.
    fn claiming(&self, claims: impl AsRef<[u8]>) -> String {
        compact(r#"{"alg":"EdDSA","kid":"ed"}"#, claims.as_ref(), &self.ed.private, Algorithm::EdDSA)
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = claims();
        claims[name] = value;
        self.claiming(claims.to_string())
    }

    fn without(&self, name: &str) -> String {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        self.claiming(claims.to_string())
    }

    /// The claims of a good token with one more at their end.
    fn twice(&self, more: &str) -> String {
        self.claiming(format!("{},{more}}}", claims().to_string().trim_end_matches('}')))
    }

    /// Unsigned, or signed by what everybody knows.
    fn confused(&self) -> Vec<(String, String)> {
        let good = claims().to_string();
        let mut tokens: Vec<_> = ["none", "None", "NONE", "nOnE", "", "HS256 ", "hs256", "RSA1_5", "ROT13"]
            .map(|alg| {
                let head = json!({"alg": alg, "typ": "JWT"}).to_string();
                (
                    format!("alg `{alg}`, no signature"),
                    format!("{}.{}.", base64url(head.as_bytes()), base64url(good.as_bytes())),
                )
            })
            .into();
        for head in ["{}", r#"{"alg":null}"#, r#"{"alg":5}"#, r#"{"alg":["EdDSA"]}"#, r#"{"ALG":"EdDSA"}"#] {
            tokens.push((format!("header {head}"), self.headed(head)));
        }
        let pem = self.rsa.public_pem();
        let jwk = self.rsa.jwk("rsa").to_string();
        let secrets: [(&str, &[u8]); 5] = [
            ("the RSA key's PEM", pem.as_bytes()),
            ("the RSA key's PEM without its last line end", pem.trim_end().as_bytes()),
            ("the RSA key's DER", &self.rsa.public_der),
            ("the RSA key's JWK", jwk.as_bytes()),
            ("nothing", b""),
        ];
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            for (name, secret) in secrets {
                let head = format!(r#"{{"alg":"{algorithm:?}","kid":"rsa"}}"#);
                let key = EncodingKey::from_secret(secret);
                tokens.push((format!("{algorithm:?} by {name}"), compact(&head, good.as_bytes(), &key, algorithm)));
            }
        }
        tokens
    }

    /// Signed by the wrong key, in the wrong way, or not at all.
    fn signatures(&self) -> Vec<(&'static str, String)> {
        let good = self.claiming(claims().to_string());
        let (message, signature) = good.rsplit_once('.').unwrap();
        let (head, body) = message.split_once('.').unwrap();
        let other = self.with("sub", json!("bob"));
        let others_body = other.split('.').nth(1).unwrap();
        let by = |signer: &Signer, head: &str, algorithm| {
            compact(head, claims().to_string().as_bytes(), &signer.private, algorithm)
        };
        let zeros = base64url(&[0; 64]);
        let ec_message = by(&self.ec, r#"{"alg":"ES256","kid":"ec"}"#, Algorithm::ES256);
        let ec_message = ec_message.rsplit_once('.').unwrap().0;
        vec![
            ("another key under a known id", by(&self.attacker, r#"{"alg":"EdDSA","kid":"ed"}"#, Algorithm::EdDSA)),
            (
                "another key under an unknown id",
                by(&self.attacker, r#"{"alg":"EdDSA","kid":"evil"}"#, Algorithm::EdDSA),
            ),
            ("another key under no id", by(&self.attacker, r#"{"alg":"EdDSA"}"#, Algorithm::EdDSA)),
            ("a known key under another's id", by(&self.ed, r#"{"alg":"EdDSA","kid":"rsa"}"#, Algorithm::EdDSA)),
            ("RSA said to be ES256", by(&self.rsa, r#"{"alg":"ES256","kid":"rsa"}"#, Algorithm::RS256)),
            (
                "ECDSA said to be ES384: the wrong curve",
                by(&self.ec, r#"{"alg":"ES384","kid":"ec"}"#, Algorithm::ES256),
            ),
            ("PS256, which is not on the list", by(&self.rsa, r#"{"alg":"PS256","kid":"rsa"}"#, Algorithm::PS256)),
            ("RS512, which is not on the list", by(&self.rsa, r#"{"alg":"RS512","kid":"rsa"}"#, Algorithm::RS512)),
            ("ES256 of zeros (CVE-2022-21449)", format!("{ec_message}.{zeros}")),
            ("EdDSA of zeros", format!("{message}.{zeros}")),
            ("a signature cut short", format!("{message}.{}", &signature[..40])),
            ("a signature with more behind it", format!("{message}.{signature}AAAA")),
            ("no signature", format!("{message}.")),
            ("no signature and no dot", message.to_owned()),
            ("another token's claims", format!("{head}.{others_body}.{signature}")),
            ("another header", format!("{}.{body}.{signature}", base64url(br#"{"alg":"EdDSA","kid":"ed","x":1}"#))),
            ("base64 with padding", format!("{head}=.{body}.{signature}")),
            ("base64 that is not for URLs", format!("{head}.{body}.{}+/", &signature[..84])),
        ]
    }

    /// Rightly signed, with a header that asks for more than is done here.
    fn headers(&self) -> Vec<(String, String)> {
        let embedded = self.attacker.jwk("evil");
        let heads = [
            r#"{"alg":"EdDSA","kid":"ed","typ":"dpop+jwt"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","typ":"logout+jwt"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","typ":"JOSE"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","typ":7}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","crit":["exp"]}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","crit":[]}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","crit":["b64"],"b64":false}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","b64":false}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","enc":"A256GCM"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","zip":"DEF"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","cty":"JWT"}"#.to_owned(),
            r#"{"alg":"none","alg":"EdDSA","kid":"ed"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed","kid":"rsa"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":7}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"../../../../../../dev/null"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"x' UNION SELECT 'secret"}"#.to_owned(),
            r#"{"alg":"EdDSA","kid":"ed\u0000"}"#.to_owned(),
            r#"["EdDSA"]"#.to_owned(),
            "EdDSA".to_owned(),
            String::new(),
        ];
        let mut tokens: Vec<_> = heads.iter().map(|head| (format!("header {head}"), self.headed(head))).collect();
        for (name, head) in [
            ("the key that signed it in its header", json!({"alg": "EdDSA", "kid": "ed", "jwk": embedded})),
            (
                "where to fetch the key that signed it",
                json!({"alg": "EdDSA", "kid": "evil", "jku": "http://127.0.0.1:1/"}),
            ),
            ("a certificate of the key that signed it", json!({"alg": "EdDSA", "kid": "evil", "x5c": ["AAAA"]})),
        ] {
            let claims = claims().to_string();
            let token = compact(&head.to_string(), claims.as_bytes(), &self.attacker.private, Algorithm::EdDSA);
            tokens.push((name.to_owned(), token));
        }
        tokens
    }

    /// Rightly signed, with claims that are missing, of the wrong kind, or of another time.
    fn claims(&self) -> Vec<(String, String)> {
        let now = claims()["iat"].as_i64().unwrap();
        let mut tokens: Vec<_> =
            ["exp", "iss", "aud", "sub"].map(|name| (format!("no {name}"), self.without(name))).into();
        for (name, value) in [
            ("exp", json!(null)),
            ("exp", json!("9999999999")),
            ("exp", json!(-1)),
            ("exp", json!([9_999_999_999_i64])),
            ("exp", json!(true)),
            ("exp", json!({})),
            ("nbf", json!("0")),
            ("nbf", json!(4_102_444_800_i64)),
            ("nbf", json!([0])),
            ("iat", json!("yesterday")),
            ("iat", json!(4_102_444_800_i64)),
            ("iss", json!("Issuer")),
            ("iss", json!("issuer/")),
            ("iss", json!(5)),
            ("iss", json!("")),
            ("aud", json!([])),
            ("aud", json!("audience2")),
            ("aud", json!(["another"])),
            ("aud", json!({"audience": true})),
            ("aud", json!(null)),
            ("sub", json!("")),
            ("sub", json!("not an id")),
            ("sub", json!(5)),
            ("sub", json!(null)),
            ("sub", json!(["ann"])),
            ("sub", json!("a".repeat(129))),
            ("tier", json!("L1")),
            ("tier", json!("l0")),
            ("tier", json!("L0 ")),
            ("tier", json!(["L0"])),
            ("tier", json!(0)),
            ("tier", json!(null)),
        ] {
            let shown: String = value.to_string().chars().take(40).collect();
            tokens.push((format!("{name} {shown}"), self.with(name, value)));
        }
        tokens.push(("exp a minute ago".to_owned(), self.with("exp", json!(now - 60))));
        tokens.push(("nbf in ten minutes".to_owned(), self.with("nbf", json!(now + 600))));
        for more in [
            r#""sub":"bob""#,
            r#""tier":"L0""#,
            r#""exp":9999999999"#,
            r#""iss":"issuer""#,
            r#""aud":"audience""#,
            r#""x":1,"x":1"#,
        ] {
            tokens.push((format!("and again {more}"), self.twice(more)));
        }
        let infinite = claims().to_string().replace(&format!("\"exp\":{}", now + 3_600), "\"exp\":1e400");
        for (name, text) in [
            ("exp 1e400", infinite.into_bytes()),
            ("claims of no object", b"[]".to_vec()),
            ("claims of a string", b"\"ann\"".to_vec()),
            ("no claims", Vec::new()),
            ("claims that are no JSON", b"{'sub': 'ann'}".to_vec()),
            ("claims that are no UTF-8", vec![0xff, 0xfe]),
            ("claims behind a byte order mark", [b"\xef\xbb\xbf".as_slice(), claims().to_string().as_bytes()].concat()),
            ("claims nested 3,000 deep", format!("{}{}", "[".repeat(3_000), "]".repeat(3_000)).into_bytes()),
            ("a token within the token", self.headed(r#"{"alg":"EdDSA"}"#).into_bytes()),
            ("9,000 bytes", format!("{{\"x\":\"{}\"}}", "x".repeat(9_000)).into_bytes()),
        ] {
            tokens.push((name.to_owned(), self.claiming(text)));
        }
        tokens
    }
}

#[tokio::test]
async fn every_forged_token_is_rejected() {
    let keys = Keys { ed: Signer::ed25519(), ec: Signer::p256(), rsa: Signer::rsa(), attacker: Signer::ed25519() };
    let (path, files) = file(&keys.jwks().to_string());
    let server = TestServer::start(AuthSettings { jwt_jwks_file: Some(path), ..auth() }, files).await;
    let good = keys.claiming(claims().to_string());
    assert_eq!(server.status(&good).await, 503, "a good one is accepted; the services are unavailable");

    let bearer = |token: &str| vec![("authorization".to_owned(), format!("Bearer {token}"))];
    let mut cases: Vec<(String, Vec<(String, String)>)> = Vec::new();
    cases.extend(keys.confused().into_iter().map(|(name, token)| (name, bearer(&token))));
    cases.extend(keys.signatures().into_iter().map(|(name, token)| (name.to_owned(), bearer(&token))));
    cases.extend(keys.headers().into_iter().map(|(name, token)| (name, bearer(&token))));
    cases.extend(keys.claims().into_iter().map(|(name, token)| (name, bearer(&token))));
    for (name, token) in [
        ("nothing behind Bearer", ""),
        ("no token", "null"),
        ("two parts", "a.b"),
        ("dots", ".."),
        ("an encrypted token", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAA.AAAA.AAAA"),
        ("a token as JSON writes it", r#"{"payload":"e30","signatures":[]}"#),
    ] {
        cases.push((name.to_owned(), bearer(token)));
    }
    let header = |name: &str, value: String| (name.to_owned(), value);
    cases.extend([
        ("two Authorization headers".to_owned(), [bearer(&good), bearer(&good)].concat()),
        ("two tokens in a header".to_owned(), bearer(&format!("{good}, Bearer {good}"))),
        ("no Authorization".to_owned(), vec![]),
        ("the token alone".to_owned(), vec![header("authorization", good.clone())]),
        ("Basic".to_owned(), vec![header("authorization", format!("Basic {good}"))]),
        ("a cookie".to_owned(), vec![header("cookie", format!("access_token={good}"))]),
        ("X-Access-Token".to_owned(), vec![header("x-access-token", good.clone())]),
        ("X-User-ID".to_owned(), vec![header("x-user-id", "ann".to_owned())]),
        ("X-API-Key".to_owned(), vec![header("x-api-key", "key".to_owned())]),
        ("1 MB".to_owned(), bearer(&"a".repeat(1024 * 1024))),
    ]);

    let mut table = String::new();
    for (name, headers) in &cases {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, reason) = match server.try_ask(&headers).await {
            Some(answer) if answer.status == 431 => (431, "more headers than are read".to_owned()),
            Some(answer) => (answer.status.as_u16(), answer.json()["error"]["message"].as_str().unwrap().to_owned()),
            // The answer may be lost where the rest of the request is still on its way.
            None => (431, "more headers than are read".to_owned()),
        };
        assert!(matches!(status, 401 | 403 | 431), "{name} got {status}");
        writeln!(table, "{status}  {name:66}  {reason}").unwrap();
    }
    assert!(cases.len() >= 60);
    expect_file!["../cases/forged_tokens.txt"].assert_eq(&table);
}
