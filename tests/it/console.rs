//! The page at `/console`.

use http::{Method, StatusCode};
use test_kit::Backend;

use crate::test_server::TestServer;

#[tokio::test]
async fn console_is_served_under_a_strict_policy() {
    let server = TestServer::start(&Backend::sqlite()).await;
    for (path, content_type, text) in [
        ("/console", "text/html; charset=utf-8", "<script type=\"module\" src=\"/console/main.js\">"),
        ("/console/", "text/html; charset=utf-8", "<script type=\"module\" src=\"/console/main.js\">"),
        ("/console/main.js", "text/javascript; charset=utf-8", "import"),
        ("/console/pages/people.js", "text/javascript; charset=utf-8", "export function render"),
        ("/console/style/tokens.css", "text/css; charset=utf-8", "--accent"),
        ("/console/icon.svg", "image/svg+xml", "<svg"),
        ("/console/nodes.json", "application/json", "[]"),
    ] {
        let page = server.http.send(Method::GET, path, &[], "").await.unwrap();
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert_eq!(page.headers["content-type"], content_type, "{path}");
        assert_eq!(page.headers["cache-control"], "no-cache", "{path}");
        assert_eq!(page.headers["x-content-type-options"], "nosniff", "{path}");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        for rule in ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(rule), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(String::from_utf8_lossy(&page.body).contains(text), "{path}");
    }
}

#[tokio::test]
async fn unknown_file_of_the_console_is_404() {
    let server = TestServer::start(&Backend::sqlite()).await;
    for path in [
        "/console/nothing.js",
        "/console/../Cargo.toml",
        "/console/%2e%2e/Cargo.toml",
        "/console/pages",
        "/console/%ff",
    ] {
        let missing = server.http.send(Method::GET, path, &[], "").await.unwrap();
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(missing.json()["error"]["code"], "NOT_FOUND", "{path}");
    }
    let written = server.http.send(Method::POST, "/console", &[], "").await.unwrap();
    assert_eq!(written.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn cached_file_of_the_console_is_revalidated() {
    let server = TestServer::start(&Backend::sqlite()).await;
    let first = server.http.send(Method::GET, "/console/main.js", &[], "").await.unwrap();
    let tag = first.headers["etag"].to_str().unwrap();
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = server.http.send(Method::GET, "/console/main.js", &[("if-none-match", &known)], "").await.unwrap();
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{known}");
    }
    let other = server.http.send(Method::GET, "/console/main.js", &[("if-none-match", "\"other\"")], "").await.unwrap();
    assert_eq!((other.status, other.body == first.body), (StatusCode::OK, true));
}
