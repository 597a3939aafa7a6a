//! Any message at all to any method of the services: from protobuf to the rules, to the database and back.
//!
//! The first byte chooses the method, the second an idempotency key or none; the rest is the message.

use std::time::Duration;

use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use ofself_proto::DESCRIPTORS;
use prost::Message;
use prost_types::FileDescriptorSet;
use tokio::{runtime::Runtime, time::timeout};
use tower::ServiceExt;

use crate::plane;

/// A watch never ends: the call is dropped after this long without a message. Checkpoints are a second apart.
const WATCH_IDLE: Duration = Duration::from_millis(20);

thread_local! {
    static SHARING: (Runtime, Router, Vec<String>) = {
        let runtime = plane::runtime();
        let router = plane::sharing(&runtime);
        (runtime, router, methods("ofself.sharing.v1"))
    };
    static EXPOSURE: (Runtime, Router, Vec<String>) = {
        let runtime = plane::runtime();
        let router = plane::exposure(&runtime);
        (runtime, router, methods("ofself.exposure.v1"))
    };
}

/// Calls a method of the sharing service.
pub fn sharing_rpc(bytes: &[u8]) {
    SHARING.with(|(runtime, router, methods)| call(runtime, router, methods, bytes));
}

/// Calls a method of the exposure service.
pub fn exposure_rpc(bytes: &[u8]) {
    EXPOSURE.with(|(runtime, router, methods)| call(runtime, router, methods, bytes));
}

/// The paths of every method of a package, in the order of the contract.
pub fn methods(package: &str) -> Vec<String> {
    let files = FileDescriptorSet::decode(DESCRIPTORS).expect("the contract").file;
    let services = files.iter().filter(|file| file.package() == package).flat_map(|file| &file.service);
    services
        .flat_map(|service| {
            service.method.iter().map(move |method| format!("/{package}.{}/{}", service.name(), method.name()))
        })
        .collect()
}

fn call(runtime: &Runtime, router: &Router, methods: &[String], bytes: &[u8]) {
    let [method, key, message @ ..] = bytes else { return };
    let method = &methods[usize::from(*method) % methods.len()];
    let length = u32::try_from(message.len()).expect("a short message");
    let framed = [&[0][..], &length.to_be_bytes(), message].concat();
    let mut request = Request::post(method)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .header("x-ofself-user", "ann");
    if *key > 0 {
        request = request.header("idempotency-key", key.to_string());
    }
    let request = request.body(Body::from(framed)).expect("a request");
    runtime.block_on(async {
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let head = answer.headers().clone();
        let trailers = trailers(method, answer.into_body()).await;
        let (code, reason) = status(trailers.as_ref().filter(|all| all.contains_key("grpc-status")).unwrap_or(&head));
        // What is no protobuf at all is refused by tonic, with the code that gRPC has for it.
        let is_ours = code == "13" && !reason.starts_with("failed%20to%20decode");
        assert!(!is_ours && code != "2" && code != "15", "{method}: {code} {reason}");
    });
}

/// The trailers of a response, if it has any.
async fn trailers(method: &str, mut body: Body) -> Option<HeaderMap> {
    let idle = if method.contains("/Watch") { WATCH_IDLE } else { Duration::MAX };
    while let Ok(Some(frame)) = timeout(idle, body.frame()).await {
        if let Ok(trailers) = frame.expect("a frame").into_trailers() {
            return Some(trailers);
        }
    }
    None
}

fn status(headers: &HeaderMap) -> (&str, &str) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    (text("grpc-status"), text("grpc-message"))
}
