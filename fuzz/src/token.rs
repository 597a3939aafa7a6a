//! Tokens. What is let in must be good by a second reading of the rules that shares nothing with the first.
//!
//! The bytes are a token as it is, or, after a `!`, a header and claims in two lines, which are signed rightly.

use axum::{Router, body::Body};
use http::{Request, StatusCode, header};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use serde_json::Value;
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::plane;

thread_local! {
    static STAGE: (Runtime, Router) = {
        let runtime = plane::runtime();
        let router = plane::gateway(&runtime);
        (runtime, router)
    };
}

/// Presents the token.
pub fn token(bytes: &[u8]) {
    let signed = bytes.strip_prefix(b"!").map(|parts| {
        let end = parts.iter().position(|byte| *byte == b'\n').unwrap_or(parts.len());
        let (head, claims) = parts.split_at(end);
        (head, claims.get(1..).unwrap_or_default())
    });
    let token = match signed {
        Some((head, claims)) => compact(head, claims),
        None => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => return,
        },
    };
    let request = Request::get("/api/v1/sharing/outgoing")
        .header(header::HOST, "localhost")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let Ok(request) = request.body(Body::empty()) else { return };
    let status = STAGE.with(|(runtime, router)| {
        runtime.block_on(async { router.clone().oneshot(request).await.expect("an answer").status() })
    });
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {}
        StatusCode::SERVICE_UNAVAILABLE => {
            let (head, claims) = signed.expect("an unsigned token was let in");
            assert!(is_good(head, claims), "let in: {}", String::from_utf8_lossy(bytes));
        }
        other => panic!("{other}"),
    }
}

fn compact(head: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", base64url(head), base64url(claims));
    let key = EncodingKey::from_secret(plane::SECRET.as_bytes());
    let signature = sign(message.as_bytes(), &key, Algorithm::HS256).expect("a signature");
    format!("{message}.{signature}")
}

fn base64url(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            text.push(char::from(ALPHABET[(word >> (18 - 6 * place)) as usize & 63]));
        }
    }
    text
}

/// The rules of docs/security.md, read plainly.
fn is_good(head: &[u8], claims: &[u8]) -> bool {
    let (Ok(head), Ok(claims)) = (serde_json::from_slice::<Value>(head), serde_json::from_slice::<Value>(claims))
    else {
        return false;
    };
    let is = |claim: &str, expected: &str| claims[claim] == expected;
    let aud = is("aud", plane::AUDIENCE)
        || claims["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == plane::AUDIENCE));
    let id = claims["sub"].as_str().unwrap_or_default();
    let of_id = |character: char| character.is_ascii_alphanumeric() || "._:-".contains(character);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("now").as_secs_f64();
    // A second more than the leeway: the two readings do not happen at the same moment.
    let (past, ahead) = (now - 31.0, now + 31.0);
    let not_ahead = |claim: &str| claims[claim].is_null() || claims[claim].as_f64().is_some_and(|time| time <= ahead);
    head["alg"] == "HS256"
        && ["crit", "enc", "zip", "cty", "b64"].iter().all(|more| head[*more].is_null())
        && is("iss", plane::ISSUER)
        && aud
        && claims["exp"].as_f64().is_some_and(|exp| exp >= past)
        && not_ahead("nbf")
        && not_ahead("iat")
        && (1..=128).contains(&id.len())
        && id.chars().all(of_id)
        && (is("tier", "L0") || is("client_id", plane::OUR_CLIENT) || is("azp", plane::OUR_CLIENT))
}
