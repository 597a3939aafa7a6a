//! The allocations of one small call, from the request to its response, without HTTP/2. The count may only go down.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use exposure_svc::config::Settings;
use grpc_server::{GrpcSettings, LocalChannel};
use ofself_proto::exposure::{
    NodeDescription, PreviewProfileRequest, ProfileDraft, Tag, TagFilters,
    exposure_service_client::ExposureServiceClient,
};
use persistence::{DatabaseSettings, retention::RetentionSettings};
use runtime::{
    clock::Clock,
    settings::FileSettings,
    shutdown::{Shutdown, ShutdownSettings},
};
use service::{NoSettings, ServiceSettings};
use telemetry::{Sampling, Telemetry, TelemetrySettings};
use test_kit::Backend;

/// Lower it when a change saves some.
const MAX_ALLOCATIONS: u64 = 94;

fn settings(database_url: &str) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        admin_listen: "127.0.0.1:0".parse().unwrap(),
        own: NoSettings {},
        service: ServiceSettings {
            file: FileSettings { config: None },
            database: DatabaseSettings {
                database_url: database_url.to_owned().into(),
                database_connections: 1,
                database_wait: std::time::Duration::from_secs(3),
            },
            grpc: GrpcSettings::default(),
            end: ShutdownSettings { drain: std::time::Duration::from_secs(5), lame_duck: std::time::Duration::ZERO },
            telemetry: TelemetrySettings::default(),
            retention: RetentionSettings::default(),
            no_migrate: false,
        },
    }
}

async fn preview(channel: LocalChannel) {
    let tags = vec![Tag { id: "t1".into(), name: "work".into() }];
    let node = NodeDescription {
        id: "n1".into(),
        node_type: "note".into(),
        tags,
        schema_id: None,
        created_at: Some(prost_types::Timestamp::default()),
    };
    let filters = TagFilters { include_any: vec!["work".into()], ..TagFilters::default() };
    let draft = ProfileDraft { tag_filters: Some(filters), ..ProfileDraft::default() };
    let request = PreviewProfileRequest { user_id: "ann".into(), draft: Some(draft), nodes: vec![node] };
    let response = ExposureServiceClient::new(channel).preview_profile(request).await.unwrap();
    assert_eq!(response.into_inner().exposed, [true]);
}

#[test]
fn small_call_allocates_no_more_than_before() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let backend = Backend::sqlite();
    let (channel, shutdown, serving) = runtime.block_on(async {
        let telemetry = Telemetry { name: "test", crates: &[], sampling: Sampling::Root, settings: None };
        std::mem::forget(telemetry.start().unwrap());
        runtime::metrics::install();
        let service = exposure_svc::open(settings(&backend.url()), Clock::system()).await.unwrap();
        let (channel, readiness, shutdown) = (service.local(), service.readiness(), Shutdown::new());
        let serving = tokio::spawn(service.serve(shutdown.clone()));
        while !readiness.is_ready() {
            tokio::task::yield_now().await;
        }
        preview(channel.clone()).await;
        (channel, shutdown, serving)
    });
    // Background tasks run on the same thread now and then: the least of many counts is that of the call.
    let counts = (0..50).map(|_| {
        let counted = allocation_counter::measure(|| runtime.block_on(preview(channel.clone())));
        counted.count_total
    });
    let count = counts.min().unwrap();
    println!("allocations of PreviewProfile of one node: {count}");
    shutdown.begin();
    runtime.block_on(serving).unwrap().unwrap();
    assert!(count <= MAX_ALLOCATIONS, "{count} allocations, more than {MAX_ALLOCATIONS}");
}
