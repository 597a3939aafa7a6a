//! Any request at all, in the name of a user: JSON bodies, paths, queries, idempotency keys, entity tags.
//!
//! The bytes are a request as HTTP/1.1 writes it (`PUT /sharing/x?y=z`, header lines, an empty line, the body).

use axum::{Router, body::Body};
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::ServiceExt;

use crate::plane;

thread_local! {
    static STAGE: (Runtime, Router, String) = {
        let runtime = plane::runtime();
        let router = plane::gateway(&runtime);
        let claims = json!({"iss": plane::ISSUER, "aud": plane::AUDIENCE, "sub": "ann", "tier": "L0", "exp": 9_999_999_999_i64});
        let key = EncodingKey::from_secret(plane::SECRET.as_bytes());
        let token = encode(&Header::new(Algorithm::HS256), &claims, &key).expect("a token");
        (runtime, router, format!("Bearer {token}"))
    };
}

/// What the contract lets a request be answered with while the services are away.
const DOCUMENTED: [u16; 11] = [200, 400, 401, 403, 404, 405, 413, 415, 429, 431, 503];

/// Sends the request; the answer must be one of the contract's.
pub fn rest(bytes: &[u8]) {
    STAGE.with(|(runtime, router, token)| {
        let Some(request) = request(bytes, token) else { return };
        let path = request.uri().path().to_owned();
        runtime.block_on(async {
            let answer = router.clone().oneshot(request).await.expect("an answer");
            let (status, is_empty) =
                (answer.status(), answer.headers().get(header::CONTENT_LENGTH).is_some_and(|l| l == "0"));
            assert!(DOCUMENTED.contains(&status.as_u16()), "{status} at {path}");
            let body = answer.into_body().collect().await.expect("a body").to_bytes();
            if status != StatusCode::OK && !is_empty && !body.is_empty() && !path.ends_with("z") {
                let envelope: Value = serde_json::from_slice(&body).expect("an envelope");
                assert!(envelope["error"]["code"].is_string() && envelope["error"]["request_id"].is_string());
            }
        });
    });
}

fn request(bytes: &[u8], token: &str) -> Option<Request<Body>> {
    let end = bytes.windows(2).position(|pair| pair == b"\n\n").unwrap_or(bytes.len());
    let (head, body) = bytes.split_at(end);
    let mut lines = head.split(|byte| *byte == b'\n');
    let (method, target) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(format!("/api/v1{target}"));
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let (name, value) = line.split_at(colon);
        request = request.header(name, value.get(1..)?.trim_ascii());
    }
    let body = Body::from(body.get(2..).unwrap_or_default().to_vec());
    let mut request = request.header(header::AUTHORIZATION, token).body(body).ok()?;
    // What every client sends; bytes that bring their own are sent as they are.
    for (name, value) in [(header::HOST, "localhost"), (header::CONTENT_TYPE, "application/json")] {
        request.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    Some(request)
}
