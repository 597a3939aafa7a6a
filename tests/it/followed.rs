//! `ofself` and its telemetry: one trace for a request through all of it, and metrics without ids of users.

use std::{
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use http::Method;
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTraceServiceRequest, ExportTraceServiceResponse,
        trace_service_server::{TraceService, TraceServiceServer},
    },
    trace::v1::{Span, span::SpanKind},
};
use test_kit::{HttpClient, Process};
use tonic::{
    Request, Response, Status,
    transport::server::{Server, TcpIncoming},
};

const SHARE: &str = r#"{"shared_with_user_id": "bob", "scope": "all"}"#;

/// What collects traces.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes = request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse { partial_success: None }))
    }
}

impl Collector {
    /// Listens; gives its address.
    fn start(&self) -> String {
        let incoming = TcpIncoming::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = incoming.local_addr().unwrap();
        let service = TraceServiceServer::new(self.clone());
        tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
        format!("http://{address}")
    }

    fn spans(&self) -> Vec<Span> {
        self.0.lock().unwrap().clone()
    }
}

/// `ofself` on free ports, its REST and its admin address, and a token of Alice's.
struct Ofself {
    process: Process,
    rest: HttpClient,
    admin: HttpClient,
    token: String,
}

impl Ofself {
    fn start(data: &Path, options: &[&str]) -> Self {
        let free = "127.0.0.1:0";
        let mut command = Command::new(test_kit::program("ofself"));
        command.args(["serve", "--listen", free, "--sharing-listen", free, "--exposure-listen", free]);
        command.args(["--admin-listen", free]).args(options).arg("--data-dir").arg(data).env_remove("RUST_LOG");
        let (mut rest, mut admin) = (String::new(), String::new());
        let process = Process::start(&mut command, |line| {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("REST"), Some(url)) => url.trim_end_matches("/api/v1").clone_into(&mut rest),
                (Some("admin"), Some(url)) => url.trim_end_matches("/readyz").clone_into(&mut admin),
                _ => {}
            }
            line.starts_with("Another token:")
        });
        let token = crate::test_server::token_in(data, "alice");
        Self { process, rest: HttpClient::new(rest), admin: HttpClient::new(admin), token }
    }

    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> test_kit::Answer {
        let authorization = format!("Bearer {}", self.token);
        let mut all = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        self.rest.send(method, path, &all, body).await.unwrap()
    }

    async fn metrics(&self) -> String {
        let answer = self.admin.send(Method::GET, "/metrics", &[], "").await.unwrap();
        assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        String::from_utf8(answer.body).unwrap()
    }
}

// Of two threads: the collector answers while this test waits for the end of the process.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn request_is_one_trace_through_all_services() {
    let collector = Collector::default();
    let endpoint = collector.start();
    let data = tempfile::tempdir().unwrap();
    let ofself = Ofself::start(data.path(), &["--otlp-endpoint", &endpoint, "--trace-ratio", "1"]);
    // Its flags say that it is not to be kept; that is not for a client to say.
    let sent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    let made = ofself.ask(Method::POST, "/api/v1/sharing", &[("traceparent", sent)], SHARE).await;
    assert_eq!(made.status, 201);
    assert!(made.header("traceparent").starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"));
    let path = format!("/api/v1/sharing/{}", made.json()["id"].as_str().unwrap());
    let own = ofself.ask(Method::GET, &path, &[], "").await;
    let own = own.header("traceparent").split('-').nth(1).unwrap().to_owned();
    ofself.process.signal("TERM");
    assert_eq!(ofself.process.exit_code(), Some(0), "what is not sent yet is sent before the end");

    let spans = collector.spans();
    let steps = |trace: &str| {
        let trace = u128::from_str_radix(trace, 16).unwrap().to_be_bytes();
        let mut steps: Vec<_> = spans.iter().filter(|span| span.trace_id == trace).cloned().collect();
        steps.sort_by_key(|span| span.start_time_unix_nano);
        steps
    };
    let expect = [
        ("POST /api/v1/sharing", SpanKind::Server),
        ("ofself.sharing.v1.SharingService/CreateShare", SpanKind::Client),
        ("ofself.sharing.v1.SharingService/CreateShare", SpanKind::Server),
    ];
    let found = steps("4bf92f3577b34da6a3ce929d0e0e4736");
    let named: Vec<_> = found.iter().map(|span| (span.name.as_str(), span.kind())).collect();
    assert_eq!(named, expect);
    let mut parent = vec![0x00, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7];
    for span in &found {
        assert_eq!(span.parent_span_id, parent, "{}", span.name);
        parent.clone_from(&span.span_id);
    }
    let found = steps(&own);
    assert_eq!(found.len(), 3);
    assert!(found[0].parent_span_id.is_empty(), "a trace that begins here has no step before");

    let said = format!("{spans:?}");
    for personal in ["alice", "bob", "Bearer"] {
        assert!(!said.contains(personal), "{personal} is in a trace");
    }
}

#[tokio::test]
async fn unreachable_collector_does_not_affect_requests() {
    let data = tempfile::tempdir().unwrap();
    let ofself = Ofself::start(data.path(), &["--otlp-endpoint", "http://127.0.0.1:1", "--trace-ratio", "1"]);
    assert_eq!(ofself.ask(Method::POST, "/api/v1/sharing", &[], SHARE).await.status, 201);
    ofself.process.signal("TERM");
    assert_eq!(ofself.process.exit_code(), Some(0));
}

#[tokio::test]
async fn cancelled_request_is_counted() {
    let data = tempfile::tempdir().unwrap();
    let ofself = Ofself::start(data.path(), &[]);
    // A writer blocks the next one.
    let url = format!("sqlite://{}", data.path().join("sharing.db").display());
    let database = sea_orm::Database::connect(url).await.unwrap();
    sea_orm::ConnectionTrait::execute_unprepared(&database, "BEGIN IMMEDIATE").await.unwrap();
    {
        let mut asking = std::pin::pin!(ofself.ask(Method::POST, "/api/v1/sharing", &[], SHARE));
        // Until it is under way in the service.
        loop {
            let waits =
                std::future::poll_fn(|context| std::task::Poll::Ready(asking.as_mut().poll(context).is_pending()));
            assert!(waits.await, "the database is held");
            if ofself.metrics().await.contains(r#"db_client_connection_count{db_client_connection_pool_name="sharing",purpose="write",db_client_connection_state="used"} 1"#) {
                break;
            }
        }
    }
    let went_away = [
        r#"http_server_request_duration_seconds_count{http_request_method="POST",http_route="/api/v1/sharing",http_response_status_code="499"} 1"#,
        r#"rpc_client_call_duration_seconds_count{rpc_method="ofself.sharing.v1.SharingService/CreateShare",rpc_response_status_code="CANCELLED"} 1"#,
    ];
    loop {
        let metrics = ofself.metrics().await;
        if went_away.iter().all(|counted| metrics.contains(counted)) {
            break;
        }
        assert!(!metrics.contains(r#"http_response_status_code="503""#), "it was waited for:\n{metrics}");
    }
}

#[tokio::test]
async fn metric_labels_are_bounded() {
    let data = tempfile::tempdir().unwrap();
    let ofself = Ofself::start(data.path(), &[]);
    let made = ofself.ask(Method::POST, "/api/v1/sharing", &[], SHARE).await;
    let id = made.json()["id"].as_str().unwrap().to_owned();
    for path in
        [&format!("/api/v1/sharing/{id}"), "/api/v1/sharing/made-up-id", "/made-up/path", "/api/v1/sharing?made-up=1"]
    {
        ofself.ask(Method::GET, path, &[], "").await;
    }
    ofself.ask(Method::from_bytes(b"MADEUP").unwrap(), "/api/v1/sharing", &[], "").await;
    let metrics = ofself.metrics().await;
    for counted in [
        r#"http_server_request_duration_seconds_count{http_request_method="POST",http_route="/api/v1/sharing",http_response_status_code="201"} 1"#,
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/api/v1/sharing/{share_id}",http_response_status_code="200"} 1"#,
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="/api/v1/sharing/{share_id}",http_response_status_code="404"} 1"#,
        r#"http_server_request_duration_seconds_count{http_request_method="GET",http_route="_OTHER",http_response_status_code="404"} 1"#,
        r#"rpc_server_call_duration_seconds_count{rpc_method="ofself.sharing.v1.SharingService/CreateShare",rpc_response_status_code="OK"} 1"#,
        r#"rpc_client_call_duration_seconds_count{rpc_method="ofself.sharing.v1.SharingService/GetShare",rpc_response_status_code="NOT_FOUND"} 1"#,
        r#"token_verifications_total{outcome="verified"} 1"#,
        r#"db_client_connection_max{db_client_connection_pool_name="sharing",purpose="write"} 1"#,
        r#"server_connections{server="rest"} 1"#,
        "process_resident_memory_bytes ",
    ] {
        assert!(metrics.contains(counted), "{counted} is missing from:\n{metrics}");
    }
    for personal in ["made-up", "MADEUP", "alice", "bob", id.as_str()] {
        assert!(!metrics.contains(personal), "{personal} is in a metric");
    }
    let documented = include_str!("../../docs/observability.md");
    for line in metrics.lines().filter(|line| line.starts_with("# TYPE")) {
        let name = line.split_whitespace().nth(2).unwrap();
        assert!(documented.contains(&format!("`{name}`")), "{name} is not in docs/observability.md");
        assert!(metrics.contains(&format!("# HELP {name} ")), "{name} has no help text");
    }
}
