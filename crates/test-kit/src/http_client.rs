//! A plain HTTP client that sends requests unchanged.

use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

type Body = Full<std::io::Cursor<Vec<u8>>>;

/// Sends requests to one server.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<HttpConnector, Body>,
    base: String,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpClient {
    /// Of the server at `base`, `http://127.0.0.1:8080`.
    pub fn new(base: impl Into<String>) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), base: base.into() }
    }

    /// Sends a request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Result<Answer, hyper_util::client::legacy::Error> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Full::new(std::io::Cursor::new(body.into()));
        let answer = self.client.request(request.body(body).expect("a request")).await?;
        let (head, body) = answer.into_parts();
        // A server that disconnects within a response has not completed it.
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        Ok(Answer { status: head.status, headers: head.headers, body })
    }
}

impl Answer {
    /// The body as JSON; null if it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The code of the error envelope; empty without one.
    pub fn code(&self) -> String {
        self.json().pointer("/error/code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A header; empty where it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The names of the wrong fields.
    pub fn wrong_fields(&self) -> Vec<String> {
        let errors = self.json().get("errors").cloned().unwrap_or_default();
        errors.as_object().map(|errors| errors.keys().cloned().collect()).unwrap_or_default()
    }
}
