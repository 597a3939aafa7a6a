//! The load of one service rejects no call of another: permits and memory are shared by caller.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use admission::AdmissionSettings;
use http_body::Frame;
use ofself_proto::{
    exposure::{
        EvaluateNodesRequest, FilterNodesRequest, NodeDescription, Tag, evaluate_nodes_request,
        exposure_service_client::ExposureServiceClient,
        filter_nodes_request::{Message as FilterMessage, Open},
    },
    sharing::{
        Action, CheckAccessRequest, CreateShareRequest, Node, Resource, ShareScope,
        access_service_client::AccessServiceClient, resource, sharing_service_client::SharingServiceClient,
    },
};
use prost::{Message, bytes::Bytes};
use tokio::task::JoinSet;
use tonic::{Code, Request, Status, body::Body, metadata::AsciiMetadataValue, transport::Channel};
use tower::{Service, ServiceExt};

use super::plane::SecurePlane;

/// What has not happened by then does not happen.
const TIMEOUT: Duration = Duration::from_mins(1);
const CHECK_ACCESS: &str = "/ofself.sharing.v1.AccessService/CheckAccess";
const FILTER_NODES: &str = "/ofself.exposure.v1.ExposureService/FilterNodes";

/// A request body that begins and does not end.
struct Unfinished(Option<Bytes>);

impl http_body::Body for Unfinished {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}

/// The frame of a message that promises `promised` bytes and has `bytes`.
fn framed(promised: usize, bytes: &[u8]) -> Vec<u8> {
    [&[0][..], &u32::try_from(promised).unwrap().to_be_bytes(), bytes].concat()
}

/// Sends a request whose body begins with `bytes` and does not end; gives the status if the server answers at once.
async fn unfinished(channel: &Channel, path: &str, bytes: Vec<u8>) -> Status {
    let body = Body::new(Unfinished(Some(bytes.into())));
    let request = http::Request::post(path).header("content-type", "application/grpc").header("te", "trailers");
    let mut channel = channel.clone();
    let answer = channel.ready().await.unwrap().call(request.body(body).unwrap()).await;
    let answer = answer.unwrap_or_else(|error| Status::unavailable(error.to_string()).into_http());
    Status::from_header_map(answer.headers()).unwrap_or_else(|| Status::ok(""))
}

fn question(viewer: &str) -> CheckAccessRequest {
    let node = Node { id: "node-1".to_owned(), tag_ids: vec!["tag-x".to_owned()], graph_root_ids: Vec::new() };
    CheckAccessRequest {
        viewer_id: viewer.to_owned(),
        owner_id: "ann".to_owned(),
        action: Action::Read.into(),
        resource: Some(Resource { resource: Some(resource::Resource::Node(node)) }),
        consistency: None,
    }
}

async fn is_shared(channel: &Channel, viewer: &str) -> Result<bool, Status> {
    let answer = AccessServiceClient::new(channel.clone()).check_access(question(viewer)).await?;
    Ok(answer.into_inner().allowed)
}

/// Ann shares one tag after another with Bob, and everything with Cyd.
async fn share_much(plane: &SecurePlane) {
    let channel = plane.certificate("gateway").connect(&plane.sharing).await.unwrap();
    let mut sharing = SharingServiceClient::new(channel);
    let mut create = async |recipient: &str, scope: ShareScope, tag_ids: Vec<String>| {
        let mut request = Request::new(CreateShareRequest {
            shared_with_user_id: recipient.to_owned(),
            scope: scope.into(),
            tag_ids,
            ..CreateShareRequest::default()
        });
        request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::from_static("ann"));
        sharing.create_share(request).await.unwrap();
    };
    for number in 0..300 {
        create("bob", ShareScope::SpecificTags, vec![format!("tag-{number}")]).await;
    }
    create("cyd", ShareScope::All, Vec::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_questions_of_one_service_reject_none_of_another() {
    let load = AdmissionSettings { max_in_flight: Some(2), max_waiting: Some(4), ..AdmissionSettings::default() };
    let plane = SecurePlane::start_with(load).await;
    share_much(&plane).await;
    let (is_over, rejected) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut flood = JoinSet::new();
    for _ in 0..16 {
        let channel = plane.certificate("service").connect(&plane.sharing).await.unwrap();
        let (is_over, rejected) = (is_over.clone(), rejected.clone());
        flood.spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                match is_shared(&channel, "bob").await {
                    Ok(allowed) => assert!(!allowed),
                    Err(status) => {
                        assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
                        rejected.fetch_add(1, Ordering::SeqCst);
                    }
                }
            }
        });
    }
    let channel = plane.certificate("operator").connect(&plane.sharing).await.unwrap();
    // The flood is at its limit before it is compared with.
    let is_at_its_limit = async {
        while rejected.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(TIMEOUT, is_at_its_limit).await.expect("a rejection");
    for number in 0..50 {
        let allowed = is_shared(&channel, "cyd").await.unwrap_or_else(|status| panic!("call {number}: {status:?}"));
        assert!(allowed);
    }
    is_over.store(true, Ordering::SeqCst);
    while let Some(ended) = flood.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_messages_of_one_service_reject_none_of_another() {
    let load = AdmissionSettings { max_body_memory: 4, ..AdmissionSettings::default() };
    let plane = SecurePlane::start_with(load).await;
    share_much(&plane).await;
    // Small ones and large ones, each of which is far from complete.
    let mut held = JoinSet::new();
    for number in 0..200 {
        let channel = plane.certificate("service").connect(&plane.sharing).await.unwrap();
        let promised = if number % 2 == 0 { 60_000 } else { 200_000 };
        held.spawn(async move { unfinished(&channel, CHECK_ACCESS, framed(promised, &vec![0; 20_000])).await });
    }
    let first = tokio::time::timeout(TIMEOUT, held.join_next()).await.expect("a rejection");
    let status = first.unwrap().unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted, "one caller cannot hold all of the memory: {status:?}");
    let channel = plane.certificate("operator").connect(&plane.sharing).await.unwrap();
    for number in 0..50 {
        let allowed = is_shared(&channel, "cyd").await.unwrap_or_else(|status| panic!("call {number}: {status:?}"));
        assert!(allowed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_open_streams_count_for_their_caller() {
    let load = AdmissionSettings { max_body_memory: 8, ..AdmissionSettings::default() };
    let plane = SecurePlane::start_with(load).await;
    let open = Open { user_id: "ann".to_owned(), app_id: "app".to_owned(), consistency: None };
    let open = FilterNodesRequest { message: Some(FilterMessage::Open(open)) }.encode_to_vec();
    let mut streams = JoinSet::new();
    for _ in 0..20 {
        let channel = plane.certificate("service").connect(&plane.exposure).await.unwrap();
        // A message of two megabytes, half of which arrives.
        let bytes = [framed(open.len(), &open), framed(2_000_000, &vec![0; 1_000_000])].concat();
        streams.spawn(async move {
            let body = Body::new(Unfinished(Some(bytes.into())));
            let request = http::Request::post(FILTER_NODES).header("content-type", "application/grpc");
            let mut channel = channel;
            let answer = channel.ready().await.unwrap().call(request.header("te", "trailers").body(body).unwrap());
            let (head, mut body) = answer.await.unwrap().into_parts();
            if let Some(status) = Status::from_header_map(&head.headers) {
                return status;
            }
            // The end of the stream, which has the status.
            loop {
                match http_body_util::BodyExt::frame(&mut body).await {
                    Some(Ok(frame)) if frame.is_trailers() => {
                        return Status::from_header_map(frame.trailers_ref().unwrap()).unwrap();
                    }
                    Some(Ok(_)) => {}
                    Some(Err(status)) => return status,
                    None => return Status::ok("no trailers"),
                }
            }
        });
    }
    let first = tokio::time::timeout(TIMEOUT, streams.join_next()).await.expect("a rejection");
    let status = first.unwrap().unwrap();
    assert_eq!(status.code(), Code::ResourceExhausted, "one caller cannot hold all of the memory: {status:?}");
    let channel = plane.certificate("operator").connect(&plane.exposure).await.unwrap();
    let node = NodeDescription {
        id: "node-1".to_owned(),
        node_type: "note".to_owned(),
        tags: vec![Tag { id: "tag-1".to_owned(), name: "work".to_owned() }],
        schema_id: None,
        created_at: Some(prost_types::Timestamp { seconds: 1_767_225_600, nanos: 0 }),
    };
    let mut exposure = ExposureServiceClient::new(channel);
    for number in 0..50 {
        let question = EvaluateNodesRequest {
            user_id: "ann".to_owned(),
            subject: Some(evaluate_nodes_request::Subject::AppId("app".to_owned())),
            nodes: ofself_proto::exposure::encoded(std::slice::from_ref(&node)),
            consistency: None,
        };
        let answer = exposure.evaluate_nodes(question).await;
        let answer = answer.unwrap_or_else(|status| panic!("call {number}: {status:?}")).into_inner();
        assert_eq!(answer.exposed, [false], "the app has no grant");
    }
}
