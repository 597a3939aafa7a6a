//! Keys from a URL that rotates, disappears and misbehaves.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use gateway::auth::AuthSettings;
use http::StatusCode;
use runtime::clock::Clock;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::test_server::{Signer, TestServer, auth, claims, file, open};

/// A server of keys, which the test moves.
#[derive(Clone)]
struct Source {
    answer: Arc<Mutex<(StatusCode, String)>>,
    asked: Arc<AtomicUsize>,
    hangs: Arc<AtomicBool>,
    url: http::Uri,
}

impl Source {
    async fn start(keys: &Value) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", listener.local_addr().unwrap()).parse().unwrap();
        let answer = Arc::new(Mutex::new((StatusCode::OK, json!({"keys": keys}).to_string())));
        let asked = Arc::new(AtomicUsize::new(0));
        let hangs = Arc::new(AtomicBool::new(false));
        let (answers, counts, hanging) = (answer.clone(), asked.clone(), hangs.clone());
        let jwks = move || {
            counts.fetch_add(1, Ordering::SeqCst);
            let (answer, hangs) = (answers.lock().unwrap().clone(), hanging.load(Ordering::SeqCst));
            async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                answer
            }
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/jwks", get(jwks))).await });
        Self { answer, asked, hangs, url }
    }

    fn message(&self, status: StatusCode, body: &str) {
        *self.answer.lock().unwrap() = (status, body.to_owned());
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn gateway(&self) -> TestServer {
        let (_, files) = file("");
        TestServer::start(AuthSettings { jwt_jwks_url: Some(self.url.clone()), ..auth() }, files).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_key_is_fetched_once() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let source = Source::start(&json!([old.jwk("old")])).await;
    let server = Arc::new(source.gateway().await);
    assert_eq!(source.asked(), 1, "warm before it serves");
    assert_eq!(server.status(&old.sign(Some("old"), &claims())).await, 503);

    source.message(StatusCode::OK, &json!({"keys": [new.jwk("new")]}).to_string());
    let mut asking = JoinSet::new();
    for user in 0..50 {
        // So many of one user might be too many.
        let mut claims = claims();
        claims["sub"] = json!(format!("user-{user}"));
        let (server, token) = (server.clone(), new.sign(Some("new"), &claims));
        asking.spawn(async move { server.status(&token).await });
    }
    assert_eq!(asking.join_all().await, [503; 50]);
    assert_eq!(source.asked(), 2);
    assert_eq!(server.status(&old.sign(Some("old"), &claims())).await, 401, "what a removed key verified is forgotten");

    for unknown in 0..50 {
        assert_eq!(server.status(&new.sign(Some(&format!("x{unknown}")), &claims())).await, 401);
    }
    assert_eq!(source.asked(), 2, "a flood of unknown keys fetches nothing for a while");
}

#[tokio::test]
async fn failed_fetch_keeps_current_keys() {
    let (signer, stranger) = (Signer::ed25519(), Signer::ed25519());
    for (status, body) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "oh no".to_owned()),
        (StatusCode::OK, "not json".to_owned()),
        (StatusCode::OK, r#"{"keys": {}}"#.to_owned()),
        (StatusCode::OK, r#"{"key": []}"#.to_owned()),
        (StatusCode::OK, "[[]]".to_owned()),
        (StatusCode::OK, String::new()),
        (StatusCode::CREATED, r#"{"keys": []}"#.to_owned()),
        (StatusCode::FOUND, r#"{"keys": []}"#.to_owned()),
        (StatusCode::OK, format!("{{\"keys\": [], \"x\": \"{}\"}}", "x".repeat(2 * 1024 * 1024))),
    ] {
        let source = Source::start(&json!([signer.jwk("good")])).await;
        let server = source.gateway().await;
        source.message(status, &body);
        assert_eq!(server.status(&stranger.sign(Some("unknown"), &claims())).await, 401);
        assert_eq!(source.asked(), 2, "it was fetched anew");
        assert_eq!(server.status(&signer.sign(Some("good"), &claims())).await, 503, "and what was good stays good");
    }
}

#[tokio::test]
async fn key_that_a_new_set_lacks_verifies_nothing() {
    let (signer, other) = (Signer::ed25519(), Signer::ed25519());
    let secret = json!({"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "good"}]});
    let of_another_use = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "enc", "x": "AAAA", "kid": "good"}]});
    for set in [json!({"keys": []}), json!({"keys": [other.jwk("new")]}), secret, of_another_use, json!({"keys": [5]})]
    {
        let source = Source::start(&json!([signer.jwk("good")])).await;
        let server = source.gateway().await;
        assert_eq!(server.status(&signer.sign(Some("good"), &claims())).await, 503);
        source.message(StatusCode::OK, &set.to_string());
        // A token of a key that is not known has the set fetched.
        assert_eq!(server.status(&other.sign(Some("unknown"), &claims())).await, 401);
        assert_eq!(source.asked(), 2, "it was fetched anew");
        assert_eq!(server.status(&signer.sign(Some("good"), &claims())).await, 401, "{set}");
    }
}

#[tokio::test]
async fn keys_expire_when_the_set_cannot_be_fetched() {
    let signer = Signer::ed25519();
    let source = Source::start(&json!([signer.jwk("good")])).await;
    let (clock, manual_clock) = Clock::manual(Clock::system().now());
    let auth =
        AuthSettings { jwt_jwks_url: Some(source.url.clone()), jwt_jwks_max_age: Duration::from_mins(30), ..auth() };
    let server = TestServer::start_by(auth, clock.clone()).await;
    source.message(StatusCode::SERVICE_UNAVAILABLE, "");
    let status = async |minutes: u64| {
        manual_clock.set(types::Timestamp::new(clock.now().utc() + Duration::from_mins(minutes)).unwrap());
        server.status(&signer.sign(Some("good"), &claims())).await
    };
    assert_eq!(status(0).await, 503);
    assert_eq!(status(29).await, 503, "kept while the fetch fails");
    let fetches = source.asked();
    assert_eq!(status(2).await, 401, "and for no longer; a token that was verified before is verified again");
    assert_eq!(source.asked(), fetches + 1, "the rejected token has the set fetched");
}

#[tokio::test]
async fn gateway_does_not_start_without_keys() {
    let source = Source::start(&json!([])).await;
    let refused = open(AuthSettings { jwt_jwks_url: Some(source.url.clone()), ..auth() }).await;
    assert!(format!("{:#}", refused.err().expect("a refusal")).contains("holds no key"));
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_key_fetch_does_not_delay_known_keys() {
    let (signer, stranger) = (Signer::ed25519(), Signer::ed25519());
    let source = Source::start(&json!([signer.jwk("good")])).await;
    let server = Arc::new(source.gateway().await);
    // From now on it takes connections and says nothing.
    source.hangs.store(true, Ordering::SeqCst);
    let (waiting, token) = (server.clone(), stranger.sign(Some("unknown"), &claims()));
    let unknown = tokio::spawn(async move { waiting.status(&token).await });
    while source.asked() < 2 {
        tokio::task::yield_now().await;
    }
    for user in 0..20 {
        let mut claims = claims();
        claims["sub"] = json!(format!("ann-{user}"));
        assert_eq!(server.status(&signer.sign(Some("good"), &claims)).await, 503);
    }
    assert!(!unknown.is_finished());
    assert_eq!(unknown.await.unwrap(), 401, "it is given up, and the token refused");
}
