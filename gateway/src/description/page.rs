//! The documentation pages: `/` (redirects to `/docs`), `/openapi.json` and `/docs` (Swagger UI). All assets are served from here; the content
//! security policy forbids other hosts.

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    body::Bytes,
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{HeaderValue, header};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

/// The page itself.
const PAGE: &str = include_str!("page.html");
/// The script that starts it.
const START: &str = include_str!("page.js");
/// The parts of Swagger UI that the page needs.
const PARTS: [&str; 3] = ["swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"];
/// Only from here; Swagger UI writes styles into its elements and draws its icons from `data:`.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// They change with the program, and not before.
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// The routes of the page and its assets.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(description: &OpenApi) -> anyhow::Result<Router<S>> {
    let json = Bytes::from(serde_json::to_vec(description)?);
    let mut router = Router::new()
        // Leads a browser that opens the bare address to the documentation.
        .route("/", get(|| async { Redirect::temporary("/docs") }))
        .route("/openapi.json", get(|| async { part("application/json", None, json) }))
        .route("/docs", get(|| async { part("text/html; charset=utf-8", None, Bytes::from_static(PAGE.as_bytes())) }))
        .route("/docs/page.js", get(|| async { part("text/javascript", None, Bytes::from_static(START.as_bytes())) }));
    let config = Arc::new(Config::from("/openapi.json"));
    for name in PARTS {
        let found = utoipa_swagger_ui::serve(name, config.clone());
        let found = found.map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
        let Some(file) = found else { anyhow::bail!("{name} is no part of Swagger UI any more") };
        let bytes = match file.bytes {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        let (kind, encoding) = (file.content_type, file.gzpipped.then_some("gzip"));
        router = router.route(&format!("/docs/{name}"), get(move || async move { part(&kind, encoding, bytes) }));
    }
    Ok(router)
}

fn part(kind: &str, encoding: Option<&'static str>, bytes: Bytes) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(FOR_AN_HOUR));
    response
}
