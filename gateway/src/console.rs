//! The console: the page at `/console`, where a person sees and changes who can access their data. Its files are those of the folder `console`.
//! It calls the REST API with the token of its user; nothing is computed for it here.

use std::borrow::Cow;

use axum::{
    Router,
    body::Bytes,
    extract::{Path, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    error::{ApiError, ErrorCode},
    http::entity_tag::is_known,
};

/// Only files of this gateway, no inline script or style, no frame, and no text that becomes markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
/// A browser revalidates its cached copy on each use: the files of one page belong together.
const REVALIDATE: &str = "no-cache";
const PAGE: &str = "index.html";

/// The files of the page.
#[derive(RustEmbed)]
#[folder = "console"]
struct Files;

/// Nodes that the page offers to look at, as a JSON array. Without them its user pastes nodes: this gateway stores none.
#[derive(Clone, Copy, Debug)]
pub struct ExampleNodes(pub &'static str);

impl Default for ExampleNodes {
    /// None.
    fn default() -> Self {
        Self("[]")
    }
}

/// The routes of the page.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(ExampleNodes(nodes): ExampleNodes) -> Router<S> {
    Router::new()
        .route("/console/", get(|headers: HeaderMap| async move { file(PAGE, &headers) }))
        .route("/console", get(|headers: HeaderMap| async move { file(PAGE, &headers) }))
        .route(
            "/console/nodes.json",
            get(move || async move { with_headers("application/json", Bytes::from_static(nodes.as_bytes())) }),
        )
        .route(
            "/console/{*path}",
            get(|path: Result<Path<String>, PathRejection>, headers: HeaderMap| async move {
                // A path that is not UTF-8 names no file.
                path.map_or_else(|_| not_found(), |Path(path)| file(&path, &headers))
            }),
        )
}

fn file(path: &str, request: &HeaderMap) -> Response {
    let Some(EmbeddedFile { data, metadata }) = Files::get(path) else { return not_found() };
    let tag = HeaderValue::from_str(&format!("\"{}\"", hex::encode(metadata.sha256_hash())));
    let (Some(content_type), Ok(tag)) = (content_type(path), tag) else { return ApiError::internal().into_response() };
    let mut response = if is_known(request, &tag) {
        (StatusCode::NOT_MODIFIED, with_headers(content_type, Bytes::new())).into_response()
    } else {
        with_headers(
            content_type,
            match data {
                // Not copied for each reader.
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            },
        )
    };
    response.headers_mut().insert(header::ETAG, tag);
    response
}

fn not_found() -> Response {
    ApiError::new(ErrorCode::NotFound, "there is nothing at this path").into_response()
}

fn with_headers(content_type: &'static str, body: Bytes) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    // A page that opened this one cannot reach it.
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    response
}

/// By the extension; `None`: no file of the page has it.
fn content_type(path: &str) -> Option<&'static str> {
    match path.rsplit_once('.')?.1 {
        "html" => Some("text/html; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_content_type() {
        let files: Vec<_> = Files::iter().collect();
        assert!(files.iter().any(|path| path == PAGE));
        let untyped: Vec<_> = files.iter().filter(|path| content_type(path).is_none()).collect();
        assert!(untyped.is_empty(), "{untyped:?}");
    }

    #[test]
    fn no_file_names_another_host() {
        for path in Files::iter() {
            let file = Files::get(&path).unwrap();
            let text = std::str::from_utf8(&file.data).unwrap();
            // A name of a format, which no browser requests.
            let text = text.replace("http://www.w3.org/2000/svg", "");
            assert!(!text.contains("://"), "{path} names another host");
        }
    }

    #[test]
    fn known_file_is_not_sent_again() {
        let first = file(PAGE, &HeaderMap::new());
        assert_eq!(first.status(), StatusCode::OK);
        let known = HeaderMap::from_iter([(header::IF_NONE_MATCH, first.headers()[header::ETAG].clone())]);
        let second = file(PAGE, &known);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        let other = HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static("\"other\""))]);
        assert_eq!(file(PAGE, &other).status(), StatusCode::OK);
    }

    #[test]
    fn path_outside_the_folder_is_not_found() {
        for path in ["../Cargo.toml", "../src/lib.rs", "/etc/passwd", "", "lib", "lib/../../Cargo.toml"] {
            assert_eq!(file(path, &HeaderMap::new()).status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}
