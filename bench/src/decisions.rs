//! What a decision costs over gRPC, beside a bare tonic call: `cargo run --release -p bench -- decisions`.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use ofself_proto::{
    exposure::{
        AppTier, CreateProfileRequest, EvaluateNodesRequest, EvaluateNodesResponse, GrantAppAccessRequest,
        NodeDescription, PreviewProfileRequest, PreviewProfileResponse, ProfileDraft, Tag, TagFilters,
        app_access_service_client::AppAccessServiceClient, encoded, evaluate_nodes_request,
        exposure_profile_service_client::ExposureProfileServiceClient,
    },
    sharing::{
        Action, BatchCheckRequest, BatchCheckResponse, CheckAccessRequest, CheckAccessResponse, CheckItem,
        CreateShareRequest, Node, Resource, ShareScope, resource, sharing_service_client::SharingServiceClient,
    },
};
use prost::bytes::Bytes;
use prost_types::Timestamp;
use tonic::{
    Code, Request, client::Grpc, codegen::http::uri::PathAndQuery, metadata::AsciiMetadataValue, transport::Channel,
};
use tonic_prost::ProstCodec;

use crate::{ROUNDS, median};

const CHECK: &str = "/ofself.sharing.v1.AccessService/CheckAccess";
const EVALUATE: &str = "/ofself.exposure.v1.ExposureService/EvaluateNodes";
const PREVIEW: &str = "/ofself.exposure.v1.ExposureService/PreviewProfile";
const BATCH_CHECK: &str = "/ofself.sharing.v1.AccessService/BatchCheck";
/// Nodes of a feed, and their owners.
const BATCH: usize = 100;
const OWNERS: usize = 40;
/// How long a round lasts.
const ROUND: Duration = Duration::from_secs(3);
/// Nodes in a question.
const NODES: usize = 10_000;
/// Connections of the loaded measurements.
const CONNECTIONS: usize = 4;
/// Concurrent calls on each connection.
const STREAMS: [usize; 2] = [8, 32];

/// Where the plane and its peer answer.
pub(crate) struct Addresses {
    pub(crate) sharing: String,
    pub(crate) exposure: String,
    pub(crate) peer: String,
    /// The process of the plane.
    pub(crate) process: u32,
}

/// Measures and prints.
pub(crate) async fn run(addresses: &Addresses) -> anyhow::Result<()> {
    let connect = async |url: &str| anyhow::Ok(Channel::from_shared(url.to_owned())?.connect().await?);
    let sharing = connect(&addresses.sharing).await?;
    let exposure = connect(&addresses.exposure).await?;
    let peer = connect(&addresses.peer).await?;
    prepare(sharing.clone(), exposure.clone()).await?;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(one_at_a_time::<_, CheckAccessResponse>(&sharing, CHECK, &check()).await?);
        bare.push(one_at_a_time::<_, CheckAccessResponse>(&peer, CHECK, &check()).await?);
    }
    let (ours, bare) = (median(ours), median(bare));
    println!(
        "CheckAccess, one at a time: {ours:>6.1} µs   bare call + that SELECT {bare:>6.1} µs   ratio {:.2}",
        ours / bare
    );

    let (mut batches, mut singles) = (Vec::new(), Vec::new());
    let batch = batch_of_owners(&sharing).await?;
    for _ in 0..ROUNDS {
        batches.push(one_at_a_time::<_, BatchCheckResponse>(&sharing, BATCH_CHECK, &batch).await?);
        singles.push(one_at_a_time::<_, CheckAccessResponse>(&sharing, CHECK, &check()).await?);
    }
    let (batches, singles) = (median(batches), median(singles));
    println!(
        "BatchCheck of {BATCH} nodes of {OWNERS} owners, one at a time: {batches:>6.1} µs   CheckAccess {singles:>6.1} µs   ratio {:.2}",
        batches / singles
    );

    let question = evaluate();
    let (mut rates, mut costs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = cpu_micros(addresses.process)?;
        let calls =
            under_load::<_, EvaluateNodesResponse>(std::slice::from_ref(&exposure), 4, EVALUATE, &question).await?;
        costs.push((cpu_micros(addresses.process)? - before) / calls / 1e3);
        rates.push(calls / ROUND.as_secs_f64() * f64::from(u32::try_from(NODES)?) / 1e6);
    }
    println!(
        "EvaluateNodes of {NODES}: {:.2} ms of the server's CPU, {:.2} million nodes/s on a connection ({} bytes a node)",
        median(costs),
        median(rates),
        question.nodes.iter().map(Bytes::len).sum::<usize>() / NODES,
    );

    let channels = async |url: &str| {
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(connect(url).await?);
        }
        anyhow::Ok(channels)
    };
    let (sharing, exposure, peer) =
        (channels(&addresses.sharing).await?, channels(&addresses.exposure).await?, channels(&addresses.peer).await?);
    for streams in STREAMS {
        let (mut ours, mut bare, mut costs) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let before = cpu_micros(addresses.process)?;
            let calls = under_load::<_, PreviewProfileResponse>(&exposure, streams, PREVIEW, &preview()).await?;
            costs.push((cpu_micros(addresses.process)? - before) / calls);
            ours.push(calls);
            bare.push(under_load::<_, PreviewProfileResponse>(&peer, streams, PREVIEW, &preview()).await?);
        }
        report("PreviewProfile of one node", "bare call", streams, ours, bare, costs);
    }
    let (mut ours, mut bare, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    let streams = STREAMS[0];
    for _ in 0..ROUNDS {
        let before = cpu_micros(addresses.process)?;
        let calls = under_load::<_, CheckAccessResponse>(&sharing, streams, CHECK, &check()).await?;
        costs.push((cpu_micros(addresses.process)? - before) / calls);
        ours.push(calls);
        bare.push(under_load::<_, CheckAccessResponse>(&peer, streams, CHECK, &check()).await?);
    }
    report("CheckAccess", "bare call + that SELECT", streams, ours, bare, costs);
    Ok(())
}

/// Prints the medians of calls a round, and of server CPU a call in microseconds.
fn report(what: &str, peer: &str, streams: usize, ours: Vec<f64>, bare: Vec<f64>, costs: Vec<f64>) {
    let rate = |calls| median(calls) / ROUND.as_secs_f64();
    let (ours, bare, cost) = (rate(ours), rate(bare), median(costs));
    println!(
        "{what}, {CONNECTIONS} × {streams}: {ours:>7.0}/s, {cost:.0} µs of CPU a call   {peer} {bare:>7.0}/s   ratio {:.2}",
        ours / bare
    );
}

/// As for the measurements here, at these URLs.
pub(crate) async fn prepare_for(sharing: &str, exposure: &str) -> anyhow::Result<()> {
    let connect = async |url: &str| anyhow::Ok(Channel::from_shared(url.to_owned())?.connect().await?);
    prepare(connect(sharing).await?, connect(exposure).await?).await
}

/// One question about access.
pub(crate) async fn check_access(channel: &Channel) -> anyhow::Result<CheckAccessResponse> {
    call(channel, CHECK, &check()).await
}

/// One question about nodes.
pub(crate) async fn evaluate_nodes(
    channel: &Channel,
    request: &EvaluateNodesRequest,
) -> anyhow::Result<EvaluateNodesResponse> {
    call(channel, EVALUATE, request).await
}

/// A question about so many nodes.
pub(crate) fn evaluation_of(nodes: usize) -> EvaluateNodesRequest {
    EvaluateNodesRequest { nodes: encoded(&(0..nodes).map(node).collect::<Vec<_>>()), ..evaluate() }
}

/// A share of some tags, and an app bound to a profile with some filters.
async fn prepare(sharing: Channel, exposure: Channel) -> anyhow::Result<()> {
    let share = CreateShareRequest {
        shared_with_user_id: "bob".into(),
        scope: ShareScope::SpecificTags.into(),
        tag_ids: vec!["tag-01".into(), "tag-02".into()],
        ..CreateShareRequest::default()
    };
    SharingServiceClient::new(sharing).create_share(by_ann(share)).await?;
    let profile = CreateProfileRequest { profile: Some(draft()), validate_only: false, dry_run: false };
    let made = ExposureProfileServiceClient::new(exposure.clone()).create_profile(by_ann(profile)).await?.into_inner();
    let grant = GrantAppAccessRequest {
        user_id: "ann".into(),
        app_id: "app".into(),
        tier: AppTier::L2.into(),
        profile_id: made.profile.context("no profile")?.id,
        expires_at: None,
    };
    AppAccessServiceClient::new(exposure).grant_app_access(grant).await?;
    Ok(())
}

fn by_ann<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::from_static("ann"));
    request
}

/// Work that is not private.
fn draft() -> ProfileDraft {
    ProfileDraft {
        name: Some("Work".into()),
        tag_filters: Some(TagFilters {
            include_any: vec!["work".into(), "travel".into()],
            exclude_any: vec!["private".into()],
            ..TagFilters::default()
        }),
        allowed_node_types: vec!["EXPERIENCE".into(), "note".into()],
        ..ProfileDraft::default()
    }
}

fn node(number: usize) -> NodeDescription {
    let names = ["work", "home", "family", "private", "reading"];
    let tags = (0..5).map(|tag| Tag {
        id: format!("tag-{:02}", (number + tag) % 40),
        name: names.get((number + tag) % 4).copied().unwrap_or_default().into(),
    });
    NodeDescription {
        id: format!("node-{number}"),
        node_type: "note".into(),
        tags: tags.collect(),
        schema_id: None,
        created_at: Some(Timestamp { seconds: 1_767_225_600, nanos: 0 }),
    }
}

fn check() -> CheckAccessRequest {
    CheckAccessRequest {
        viewer_id: "bob".into(),
        owner_id: "ann".into(),
        action: Action::Read.into(),
        resource: Some(Resource {
            resource: Some(resource::Resource::Node(Node {
                id: "node-1".into(),
                tag_ids: vec!["tag-00".into(), "tag-01".into()],
                graph_root_ids: Vec::new(),
            })),
        }),
        consistency: None,
    }
}

/// The nodes of a feed that Bob reads; their owners share with him and ten others.
pub(crate) async fn batch_of_owners(sharing: &Channel) -> anyhow::Result<BatchCheckRequest> {
    let mut client = SharingServiceClient::new(sharing.clone());
    for number in 0..OWNERS {
        for recipient in 0..=10 {
            let shared_with_user_id = if recipient == 0 { "bob".to_owned() } else { format!("friend-{recipient}") };
            let share = CreateShareRequest {
                shared_with_user_id,
                scope: ShareScope::SpecificTags.into(),
                tag_ids: vec!["tag-01".into(), "tag-02".into()],
                ..CreateShareRequest::default()
            };
            let mut request = Request::new(share);
            let owner = AsciiMetadataValue::try_from(format!("owner-{number}"))?;
            request.metadata_mut().insert("x-ofself-user", owner);
            match client.create_share(request).await {
                Err(status) if status.code() != Code::AlreadyExists => return Err(status.into()),
                Ok(_) | Err(_) => {}
            }
        }
    }
    let CheckAccessRequest { viewer_id, action, resource, .. } = check();
    let item = |number: usize| CheckItem {
        viewer_id: viewer_id.clone(),
        owner_id: format!("owner-{}", number % OWNERS),
        action,
        resource: resource.clone(),
    };
    Ok(BatchCheckRequest { items: (0..BATCH).map(item).collect(), consistency: None })
}

fn evaluate() -> EvaluateNodesRequest {
    EvaluateNodesRequest {
        user_id: "ann".into(),
        subject: Some(evaluate_nodes_request::Subject::AppId("app".into())),
        nodes: encoded(&(0..NODES).map(node).collect::<Vec<_>>()),
        consistency: None,
    }
}

fn preview() -> PreviewProfileRequest {
    PreviewProfileRequest { user_id: "ann".into(), draft: Some(draft()), nodes: vec![node(0)] }
}

async fn call<Q, A>(channel: &Channel, path: &'static str, question: &Q) -> anyhow::Result<A>
where
    Q: prost::Message + Clone + 'static,
    A: prost::Message + Default + 'static,
{
    let mut client = Grpc::new(channel.clone()).max_decoding_message_size(1 << 26);
    client.ready().await?;
    let codec: ProstCodec<Q, A> = ProstCodec::default();
    let answer = client.unary(Request::new(question.clone()), PathAndQuery::from_static(path), codec).await?;
    Ok(answer.into_inner())
}

/// Microseconds a call takes when the next one waits for it.
async fn one_at_a_time<Q, A>(channel: &Channel, path: &'static str, question: &Q) -> anyhow::Result<f64>
where
    Q: prost::Message + Clone + 'static,
    A: prost::Message + Default + 'static,
{
    let began = Instant::now();
    let mut calls = 0_u32;
    while began.elapsed() < ROUND {
        call::<Q, A>(channel, path, question).await?;
        calls += 1;
    }
    Ok(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls))
}

/// Calls answered in a round, with so many in flight on each connection.
async fn under_load<Q, A>(channels: &[Channel], streams: usize, path: &'static str, question: &Q) -> anyhow::Result<f64>
where
    Q: prost::Message + Clone + 'static,
    A: prost::Message + Default + 'static,
{
    let answered = Arc::new(AtomicU64::new(0));
    let mut callers = tokio::task::JoinSet::new();
    let began = Instant::now();
    for channel in channels {
        for _ in 0..streams {
            let (channel, question, answered) = (channel.clone(), question.clone(), answered.clone());
            callers.spawn(async move {
                while began.elapsed() < ROUND {
                    call::<Q, A>(&channel, path, &question).await?;
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                anyhow::Ok(())
            });
        }
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a count of calls in seconds")]
    Ok(answered.load(Ordering::Relaxed) as f64)
}

/// What a process has used of the processors so far.
pub(crate) fn cpu_micros(process: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let after = stat.rsplit_once(')').context("no name in stat")?.1;
    let mut ticks = after.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    let (user, system) = (ticks.next().context("no user time")??, ticks.next().context("no system time")??);
    // A tick is a hundredth of a second on every Linux.
    Ok((user + system) * 10_000.0)
}
