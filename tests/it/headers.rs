use std::time::Duration;

use http::Method;
use runtime::clock::Clock;
use serde_json::json;
use service::consistency::ConsistencyToken;
use test_kit::{Backend, on_both};

use crate::test_server::TestServer;

const SHARE: &str = r#"{"shared_with_user_id": "bob", "scope": "all"}"#;

#[tokio::test]
async fn entity_tag_prevents_lost_updates_and_resends() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let made = server.ask("ann", Method::POST, "/sharing", SHARE).await;
    let (tag, path) = (made.header("etag").to_owned(), made.header("location").replace("/api/v1", ""));
    let known = server.ask_with("ann", Method::GET, &path, &[("if-none-match", &tag)], "").await;
    assert_eq!((known.status.as_u16(), known.body.len(), known.header("etag")), (304, 0, tag.as_str()));

    let write = r#"{"can_write": true}"#;
    let updated = server.ask_with("ann", Method::PUT, &path, &[("if-match", &tag)], write).await;
    assert_eq!(updated.status, 200);
    assert_ne!(updated.header("etag"), tag);
    assert_eq!(server.ask_with("ann", Method::GET, &path, &[("if-none-match", &tag)], "").await.status, 200);
    for method in [Method::PUT, Method::DELETE] {
        for stale in [tag.as_str(), "\"nonsense\"", &format!("W/{}", updated.header("etag"))] {
            let refused = server.ask_with("ann", method.clone(), &path, &[("if-match", stale)], write).await;
            assert_eq!((refused.status.as_u16(), refused.code().as_str()), (412, "PRECONDITION_FAILED"), "{stale}");
        }
    }
    let now = updated.header("etag");
    let revoked = server.ask_with("ann", Method::DELETE, &path, &[("if-match", now)], "").await;
    let again = server.ask_with("ann", Method::DELETE, &path, &[("if-match", now)], "").await;
    assert_eq!(
        (revoked.status.as_u16(), again.status.as_u16()),
        (200, 200),
        "an answer that was lost can be had again"
    );
    assert_eq!(revoked.body, again.body);
    assert_eq!(server.ask_with("ann", Method::DELETE, &path, &[("if-match", "*")], "").await.status, 200);
}

#[tokio::test]
async fn cached_share_expires() {
    let backend = Backend::sqlite();
    let (clock, manual_clock) = Clock::manual(Clock::system().now());
    let server = TestServer::start_by(&backend, clock.clone()).await;
    let soon = clock.now().utc() + Duration::from_mins(1);
    let share = json!({"shared_with_user_id": "bob", "scope": "all", "expires_at": soon.to_rfc3339()});
    let made = server.post("ann", "/sharing", &share).await;
    let (tag, path) = (made.header("etag").to_owned(), made.header("location").replace("/api/v1", ""));
    assert_eq!(made.json()["status"], "active");
    let again = async || server.ask_with("bob", Method::GET, &path, &[("if-none-match", &tag)], "").await;
    assert_eq!(again().await.status, 304);
    manual_clock.set(types::Timestamp::new(soon).unwrap());
    let expired = again().await;
    assert_eq!((expired.status.as_u16(), &expired.json()["status"]), (200, &json!("expired")));
}

#[tokio::test]
async fn repeat_with_a_key_is_equal_byte_for_byte() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        for (path, body) in [
            ("/sharing", SHARE),
            ("/exposure-profiles", r#"{"name": "x", "tag_filters": {"include_any": ["a"]}}"#),
            ("/exposure-profiles/from-template", r#"{"template": "restrictive"}"#),
        ] {
            // A key is a user's at one service, whatever it came with.
            let key = [("idempotency-key", path)];
            let first = server.ask_with("ann", Method::POST, path, &key, body).await;
            let again = server.ask_with("ann", Method::POST, path, &key, format!(" {body} ")).await;
            assert_eq!((first.status, &first.body), (again.status, &again.body), "{backend}: {path}");
            assert_eq!(first.header("etag"), again.header("etag"));
            assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
            let other =
                body.replace("bob", "cyd").replace("\"x\"", "\"y\"").replace("\"restrictive\"", "\"transparent\"");
            let reused = server.ask_with("ann", Method::POST, path, &key, other).await;
            assert_eq!((reused.status.as_u16(), reused.code().as_str()), (422, "IDEMPOTENCY_KEY_REUSED"), "{path}");
            let wrong = server.ask_with("ann", Method::POST, path, &[("idempotency-key", "a b")], body).await;
            assert_eq!(wrong.wrong_fields(), ["Idempotency-Key"]);
        }
    })
    .await;
}

#[tokio::test]
async fn request_ids_are_kept_and_headers_are_set() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let ids = [("x-request-id", "mine-1"), ("traceparent", trace)];
    let answer = server.ask_with("ann", Method::GET, "/sharing/share_abc", &ids, "").await;
    assert_eq!((answer.header("x-request-id"), answer.header("traceparent")), ("mine-1", trace));
    assert_eq!(answer.json()["error"]["request_id"], "mine-1");
    for path in ["/api/v1/sharing/outgoing", "/nowhere", "/healthz"] {
        let answer = server.http.send(Method::GET, path, &[("x-request-id", "has space")], "").await.unwrap();
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}: one is made");
        for (header, value) in
            [("cache-control", "no-store"), ("x-content-type-options", "nosniff"), ("x-frame-options", "DENY")]
        {
            assert_eq!(answer.header(header), value, "{path}");
        }
    }
}

#[tokio::test]
async fn probes_differ_from_other_requests_to_their_path() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    // The gateway learns of the services' health from time to time.
    let is_ready =
        async || server.http.send(Method::GET, "/readyz", &[], "").await.ok().filter(|answer| answer.status == 200);
    test_kit::wait_until("readiness", is_ready).await;
    for path in ["/healthz", "/readyz"] {
        let send =
            async |method: Method, headers: &[(&str, &str)]| server.http.send(method, path, headers, "").await.unwrap();
        let probe = send(Method::GET, &[("x-request-id", "mine-1")]).await;
        assert_eq!((probe.status.as_u16(), probe.header("x-request-id")), (200, "mine-1"), "{path}");
        assert_eq!(probe.header("traceparent"), "", "{path}: no trace");
        let head = send(Method::HEAD, &[]).await;
        assert_eq!((head.status.as_u16(), head.header("cache-control"), head.body.len()), (200, "no-store", 0));
        let wrong = send(Method::POST, &[]).await;
        assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (405, "METHOD_NOT_ALLOWED"), "{path}");
        assert_eq!(wrong.header("allow"), "GET,HEAD", "{path}");
        let page = send(Method::GET, &[("origin", "https://app.ofself.ai")]).await;
        assert_eq!(page.header("access-control-allow-origin"), "https://app.ofself.ai", "{path}");
    }
}

#[tokio::test]
async fn only_configured_origins_may_call() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let preflight = |origin: &'static str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "PUT"),
            ("access-control-request-headers", "authorization,if-match"),
        ];
        let http = server.http.clone();
        async move { http.send(Method::OPTIONS, "/api/v1/sharing/x", &headers, "").await.unwrap() }
    };
    let allowed = preflight("https://app.ofself.ai").await;
    assert_eq!(
        (allowed.status.as_u16(), allowed.header("access-control-allow-origin")),
        (200, "https://app.ofself.ai")
    );
    assert!(allowed.header("access-control-allow-headers").contains("if-match"));
    assert_eq!(preflight("https://evil.example").await.header("access-control-allow-origin"), "");
    let answer =
        server.ask_with("ann", Method::GET, "/sharing/outgoing", &[("origin", "https://app.ofself.ai")], "").await;
    assert!(answer.header("access-control-expose-headers").contains("x-ratelimit-remaining"));
}

#[tokio::test]
async fn each_user_has_a_separate_limit() {
    let backend = Backend::sqlite();
    let server = TestServer::start_with(&backend, 3, Duration::from_secs(20)).await;
    for left in ["2", "1", "0"] {
        let answer = server.get("ann", "/sharing/outgoing").await;
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")), ("3", left));
        assert!(answer.header("x-ratelimit-reset").parse::<u64>().unwrap() > 1_700_000_000);
    }
    let refused = server.get("ann", "/sharing/outgoing").await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "RATE_LIMIT_EXCEEDED"));
    assert!((1..=20).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(server.get("bob", "/sharing/outgoing").await.status, 200);

    // What other apps ask in a user's name does not spend the user's own.
    let third_party =
        format!("Bearer {}", server.token_of("cyd", "L2", Duration::from_hours(1), &runtime::clock::Clock::system()));
    for status in [403, 403, 403, 429] {
        let answer = server
            .http
            .send(Method::GET, "/api/v1/sharing/outgoing", &[("authorization", &third_party)], "")
            .await
            .unwrap();
        assert_eq!(answer.status, status);
    }
    assert_eq!(server.get("cyd", "/sharing/outgoing").await.status, 200);
}

#[tokio::test]
async fn framework_errors_have_the_envelope() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let kind = |kind: &'static str| [("content-type", kind)];
    let large = format!(r#"{{"name": "{}"}}"#, "x".repeat(256 * 1024));
    let cases = [
        (server.get("ann", "/nowhere").await, 404, "NOT_FOUND"),
        (server.get("ann", "/sharing/").await, 404, "NOT_FOUND"),
        (server.get("ann", "/sharing/%FF").await, 404, "SHARE_NOT_FOUND"),
        (server.ask("ann", Method::PATCH, "/sharing/x", "{}").await, 405, "METHOD_NOT_ALLOWED"),
        (server.ask("ann", Method::POST, "/sharing", "{").await, 400, "MALFORMED_JSON"),
        (server.ask("ann", Method::POST, "/sharing", "").await, 400, "MALFORMED_JSON"),
        (server.ask("ann", Method::POST, "/sharing", "[]").await, 400, "MALFORMED_JSON"),
        (
            server.ask_with("ann", Method::POST, "/sharing", &kind("text/plain"), SHARE).await,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (server.ask_with("ann", Method::POST, "/sharing", &[], large).await, 413, "PAYLOAD_TOO_LARGE"),
        (
            server.ask_with("ann", Method::POST, "/sharing", &kind("application/json; charset=utf-8"), SHARE).await,
            201,
            "",
        ),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (status, code));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn rate_limit_headers_are_on_authenticated_responses() {
    let backend = Backend::sqlite();
    let server = TestServer::start_with(&backend, 100, Duration::from_secs(20)).await;
    let made = server.ask("ann", Method::POST, "/sharing", SHARE).await;
    let path = made.header("location").replace("/api/v1", "");
    let third_party = server.token_of("ann", "L2", Duration::from_hours(1), &runtime::clock::Clock::system());
    let third_party = format!("Bearer {third_party}");
    let by_another_app = [("authorization", third_party.as_str())];
    for (answer, status) in [
        (server.ask("ann", Method::POST, "/sharing", "{").await, 400),
        (server.ask("bob", Method::PUT, &path, r#"{"can_write": true}"#).await, 403),
        (server.http.send(Method::GET, "/api/v1/sharing/outgoing", &by_another_app, "").await.unwrap(), 403),
        (server.get("ann", "/sharing/none").await, 404),
        (server.ask("ann", Method::POST, "/sharing", SHARE).await, 409),
        (server.ask_with("ann", Method::DELETE, &path, &[("if-match", "\"9\"")], "").await, 412),
        (server.ask_with("ann", Method::POST, "/sharing", &[("content-type", "text/plain")], SHARE).await, 415),
    ] {
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-limit")), (status, "100"));
        assert!(answer.header("x-ratelimit-remaining").parse::<u32>().unwrap() < 100, "{status}");
    }
    let anonymous = server.http.send(Method::GET, "/api/v1/sharing/outgoing", &[], "").await.unwrap();
    assert_eq!((anonymous.status.as_u16(), anonymous.header("x-ratelimit-limit")), (401, ""));
}

#[tokio::test]
async fn changes_name_their_version_and_reads_demand_it() {
    on_both(|backend| async move {
        let server = TestServer::start(&backend).await;
        let made = server.ask("ann", Method::POST, "/sharing", SHARE).await;
        let (shared, path) =
            (made.header("x-consistency-token").to_owned(), made.header("location").replace("/api/v1", ""));
        let profile = server.post("ann", "/exposure-profiles", &json!({"name": "One"})).await;
        let profiled = profile.header("x-consistency-token").to_owned();
        let both = format!("{shared}, {profiled}");
        for read in [path.as_str(), "/sharing/outgoing", "/exposure-profiles", "/exposure-profiles/default"] {
            let found = server.ask_with("ann", Method::GET, read, &[("x-consistency-token", &both)], "").await;
            assert_eq!(found.status, 200, "{read}");
        }
        let updated = server.ask("ann", Method::PUT, &path, r#"{"can_write": true}"#).await;
        let revoked = server.ask("ann", Method::DELETE, &path, "").await;
        let versions = [&shared, &updated.header("x-consistency-token").to_owned()];
        assert_ne!(versions[0], versions[1]);
        assert!(!revoked.header("x-consistency-token").is_empty());
        let dry = server.ask("ann", Method::POST, "/sharing?validate_only=true", SHARE).await;
        assert_eq!((dry.status.as_u16(), dry.headers.get("x-consistency-token")), (200, None));
        let mut ahead = ConsistencyToken::parse(revoked.header("x-consistency-token")).unwrap();
        ahead.stamp.version += 1;
        let refused =
            server.ask_with("ann", Method::GET, &path, &[("x-consistency-token", &ahead.to_string())], "").await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (409, "TOKEN_AHEAD"));
        let malformed = server.ask_with("ann", Method::GET, &path, &[("x-consistency-token", "x")], "").await;
        assert_eq!((malformed.status.as_u16(), malformed.code().as_str()), (400, "VALIDATION_ERROR"));
        assert!(malformed.json()["errors"]["x-consistency-token"].is_array());
    })
    .await;
}
