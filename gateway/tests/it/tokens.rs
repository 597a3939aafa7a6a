use serde_json::{Value, json};

use crate::test_server::{Signer, TestServer, claims};

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test]
async fn every_claim_is_validated() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let now = claims()["iat"].as_i64().unwrap();
    let cases = [
        (claims(), 503),
        (with("exp", json!(now - 10)), 503),
        (with("exp", json!(now - 60)), 401),
        (with("exp", json!("9999999999")), 401),
        (with("exp", json!(-1)), 401),
        (without("exp"), 401),
        (with("nbf", json!(now + 10)), 503),
        (with("nbf", json!(now + 600)), 401),
        (with("iat", json!(now + 600)), 401),
        (with("iat", json!("yesterday")), 401),
        (with("iss", json!("another")), 401),
        (without("iss"), 401),
        (with("iss", json!(["issuer"])), 401),
        (with("iss", json!(["issuer", "another"])), 401),
        (with("iss", json!({"issuer": true})), 401),
        (with("nbf", json!("9999999999")), 401),
        (with("azp", json!("")), 503),
        (with("azp", json!(["our-client"])), 503),
        (with("aud", json!("another")), 401),
        (with("aud", json!(["another", "audience"])), 503),
        (without("aud"), 401),
        (with("sub", json!("not an id")), 401),
        (with("sub", json!("")), 401),
        (with("sub", json!(5)), 401),
        (without("sub"), 401),
        (with("tier", json!("L1")), 403),
        (with("tier", json!(["L0"])), 403),
        (with("tier", json!("")), 403),
        (with("tier", json!(" L0")), 403),
        (without("tier"), 403),
        (with("azp", json!("our-client")), 503),
    ];
    for (claims, expected) in cases {
        assert_eq!(server.status(&signer.sign(None, &claims)).await, expected, "{claims}");
    }
    let ours = json!({"client_id": "our-client", "tier": "L2"});
    let mut by_client = claims();
    by_client.as_object_mut().unwrap().extend(ours.as_object().unwrap().clone());
    assert_eq!(server.status(&signer.sign(None, &by_client)).await, 503, "our client, whatever its tier says");
}

#[tokio::test]
async fn token_is_sent_once_as_bearer() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let token = signer.sign(None, &claims());
    let good = format!("Bearer {token}");
    let (nothing, malformed) = ("Bearer realm=\"ofself\"", "Bearer realm=\"ofself\", error=\"invalid_request\"");
    let no_token = "Bearer realm=\"ofself\", error=\"invalid_token\", \
                    error_description=\"the token is not an acceptable JWT\"";
    for (headers, challenge) in [
        (vec![], nothing),
        (vec![("authorization", good.as_str()), ("authorization", good.as_str())], malformed),
        (vec![("authorization", token.as_str())], malformed),
        (vec![("authorization", "Basic YTpi")], malformed),
        (vec![("authorization", "Bearer")], malformed),
        (vec![("authorization", "Bearer ")], malformed),
        (vec![("authorization", "Bearer a.b.c")], no_token),
        (vec![("x-access-token", good.as_str())], nothing),
        (vec![("authorization", "Bearer a.b.c"), ("x-api-key", "key")], no_token),
    ] {
        let refused = server.ask(&headers).await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (401, "UNAUTHORIZED"), "{headers:?}");
        assert_eq!(refused.header("www-authenticate"), challenge, "{headers:?}");
    }
    for accepted in [format!("bearer {token}"), format!("Bearer  {token}"), format!("BEARER    {token} ")] {
        assert_eq!(server.ask(&[("authorization", &accepted)]).await.status, 503, "{accepted}");
    }
    for malformed in [
        format!("Bearer\t{token}"),
        format!("Bearer {token} x"),
        format!("Bearer {token},{token}"),
        "Bearer   ".to_owned(),
    ] {
        assert_eq!(server.ask(&[("authorization", &malformed)]).await.status, 401, "{malformed}");
    }
    for headers in [vec![("x-api-key", "key")], vec![("authorization", "Basic YTpi"), ("x-api-key", "key")]] {
        let key_alone = server.ask(&headers).await;
        assert_eq!((key_alone.status.as_u16(), key_alone.code().as_str()), (403, "FIRST_PARTY_APP_REQUIRED"));
    }
}

#[tokio::test]
async fn critical_header_is_rejected() {
    use jsonwebtoken::{Header, encode};
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let sign = |header: Header| encode(&header, &claims(), &signer.private).unwrap();
    let plain = || Header::new(signer.algorithm);
    let typed = |typ: &str| Header { typ: Some(typ.to_owned()), ..plain() };
    for (header, expected) in [
        (typed("at+jwt"), 503),
        (typed("application/at+jwt"), 503),
        (Header { typ: None, ..plain() }, 503),
        (typed("dpop+jwt"), 401),
        (typed("logout+jwt"), 401),
        (Header { crit: Some(vec!["exp".to_owned()]), ..plain() }, 401),
    ] {
        assert_eq!(server.status(&sign(header.clone())).await, expected, "{header:?}");
    }
    let unsigned = sign(plain()).rsplit_once('.').unwrap().0.to_owned() + ".";
    assert_eq!(server.status(&unsigned).await, 401);
    let huge = signer.sign(None, &with("padding", json!("x".repeat(9_000))));
    assert_eq!(server.status(&huge).await, 401);
}

#[tokio::test]
async fn expired_token_is_not_cached() {
    let signer = Signer::ed25519();
    let server = TestServer::with_pem(&signer).await;
    let now = claims()["iat"].as_i64().unwrap();
    // Good within the leeway, and again: what is remembered does not outlive the expiry.
    let token = signer.sign(None, &with("exp", json!(now - 28)));
    assert_eq!(server.status(&token).await, 503);
    while server.status(&token).await == 503 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.status(&token).await, 401);
}
