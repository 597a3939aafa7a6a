//! An error before any message is a Trailers-Only response: one HEADERS frame that ends the stream
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>). Client libraries retry only such errors: after a response has
//! begun, a call is committed.

use std::{convert::Infallible, time::Duration};

use axum::body::Bytes;
use http::{Request, Version};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use test_kit::Backend;

use crate::{raw_call::methods, test_server::TestServer};

const TIMEOUT: Duration = Duration::from_secs(20);
/// What every service answers beside its own methods; but for reflection, which begins to answer before it reads (tonic-reflection).
const HEALTH: [&str; 2] = ["/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"];

type Body = BoxBody<Bytes, Infallible>;

/// What the start of a response says of a call.
#[derive(Debug, PartialEq, Eq)]
enum Start {
    /// An error, in headers that end the stream.
    TrailersOnly(i32),
    /// A message.
    Message,
    /// The end of a stream without a message, which is no error.
    Empty,
    /// An error behind headers that had begun a response.
    Late(i32),
}

struct Caller(Client<HttpConnector, Body>);

impl Caller {
    fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self(Client::builder(TokioExecutor::new()).http2_only(true).build(connector))
    }

    async fn call(&self, url: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Start {
        let mut request = Request::post(format!("{url}{path}")).version(Version::HTTP_2);
        for (name, value) in [("content-type", "application/grpc"), ("te", "trailers")].iter().chain(headers) {
            request = request.header(*name, *value);
        }
        let response = tokio::time::timeout(TIMEOUT, self.0.request(request.body(body).unwrap())).await;
        let (head, mut body) = response.expect("a response").unwrap().into_parts();
        let status =
            |headers: &http::HeaderMap| headers.get("grpc-status").map(|code| code.to_str().unwrap().parse().unwrap());
        if let Some(code) = status(&head.headers) {
            assert!(body.is_end_stream(), "{path}: grpc-status {code} in headers that do not end the stream");
            return Start::TrailersOnly(code);
        }
        // A stream without end, as that of health, begins with a message.
        while let Some(frame) = tokio::time::timeout(TIMEOUT, body.frame()).await.expect("a frame") {
            let frame = frame.unwrap();
            match frame.into_trailers() {
                Ok(trailers) => match status(&trailers) {
                    Some(0) => return Start::Empty,
                    Some(code) => return Start::Late(code),
                    None => panic!("{path}: trailers without a status"),
                },
                Err(frame) if frame.data_ref().is_some_and(|data| !data.is_empty()) => return Start::Message,
                Err(_) => {}
            }
        }
        Start::Empty
    }
}

/// A request that ends after this message.
fn whole(message: &[u8]) -> Body {
    Full::new(framed(message)).boxed()
}

/// A request that never sends anything.
fn endless() -> Body {
    StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, Infallible>>()).boxed()
}

fn framed(message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[0][..], &length, message].concat().into()
}

#[tokio::test]
async fn errors_before_any_message_are_trailers_only() {
    let backend = Backend::sqlite();
    let server = TestServer::start(&backend).await;
    let caller = Caller::new();
    let mut seen = 0;
    for path in HEALTH.map(str::to_owned).into_iter().chain(methods().into_iter().map(|(path, _)| path)) {
        let url = if path.contains("exposure") { &server.exposure_url } else { &server.sharing_url };
        let user = ("x-ofself-user", "ann");
        for (name, headers, body) in [
            ("an empty message", vec![], whole(b"")),
            ("an empty message for a user", vec![user], whole(b"")),
            ("no message", vec![user], Full::default().boxed()),
            ("bytes that are no message", vec![user], whole(b"\xff\xff\xff")),
            ("half a message", vec![user], Full::new(Bytes::from_static(b"\0\0\0\0\x09abc")).boxed()),
            ("a message of 4 GiB", vec![user], Full::new(Bytes::from_static(b"\0\xff\xff\xff\xff")).boxed()),
            ("a compressed message", vec![user], Full::new(Bytes::from_static(b"\x01\0\0\0\x02ab")).boxed()),
            ("an encoding that is not known", vec![user, ("grpc-encoding", "br")], whole(b"")),
            ("a timeout that is none", vec![("grpc-timeout", "soon")], whole(b"")),
            ("a timeout that has passed", vec![user, ("grpc-timeout", "0n")], whole(b"")),
            ("no end of the request until the deadline", vec![("grpc-timeout", "50m")], endless()),
            ("a user that is none", vec![("x-ofself-user", "not an id")], whole(b"")),
            ("another method", vec![user], whole(b"")),
        ] {
            let path = if name == "another method" { format!("{path}s") } else { path.clone() };
            let start = caller.call(url, &path, &headers, body).await;
            assert!(!matches!(start, Start::Late(_)), "{path} with {name}: {start:?}");
            seen += usize::from(matches!(start, Start::TrailersOnly(code) if code > 0));
        }
    }
    assert!(seen > 200, "{seen} errors were seen");
}
