//! A stop of everything that a person with many shares shares, under load: `cargo run --release -p bench -- stop`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use ofself_proto::sharing::{
    Action, CheckAccessRequest, GetShareRequest, ImportSharesRequest, ListShareEventsRequest, Node, Resource,
    RevokeShareRequest, Share, ShareEventKind, ShareScope, ShareSource, StopSharingRequest,
    access_advisor_service_client::AccessAdvisorServiceClient, access_service_client::AccessServiceClient, resource,
    sharing_admin_service_client::SharingAdminServiceClient, sharing_service_client::SharingServiceClient,
};
use prost_types::Timestamp;
use tokio::task::JoinSet;
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

use crate::median;

/// Shares of one imported message.
const MESSAGE: usize = 500;
/// Callers that check access without a pause.
const CHECKERS: usize = 4;
/// Revocations of one share that a stop is compared with.
const REVOCATIONS: usize = 50;
/// People with whom each owner shares.
const RECIPIENTS: usize = 1_000;

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shares of each person who stops
    #[arg(long, default_value_t = 100_000)]
    shares: usize,
    /// People who stop, one after another
    #[arg(long, default_value_t = 5)]
    owners: usize,
}

/// What the checkers saw.
#[derive(Default)]
struct Seen {
    is_stopped: AtomicBool,
    is_over: AtomicBool,
    allowed: AtomicU64,
    denied: AtomicU64,
    /// Yes to a check that began after the stop was answered.
    wrong: AtomicU64,
}

/// Stops, and compares the time with that of revoking one share.
pub(crate) async fn run(sharing: &str, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { shares, owners } = *arguments;
    let channel = Channel::from_shared(sharing.to_owned())?.connect().await?;
    let (mut stops, mut revocations) = (Vec::new(), Vec::new());
    let (mut wrong, mut checked) = (0, 0);
    for number in 0..owners {
        let owner = format!("owner-{number}");
        let messages = (0..shares.div_ceil(MESSAGE)).map({
            let owner = owner.clone();
            move |message| ImportSharesRequest {
                shares: (message * MESSAGE..shares.min((message + 1) * MESSAGE))
                    .map(|share| self::share(&owner, number, share))
                    .collect(),
            }
        });
        let mut admin = SharingAdminServiceClient::new(channel.clone());
        let imported = admin.import_shares(tokio_stream::iter(messages)).await?.into_inner().imported;
        ensure!(usize::try_from(imported) == Ok(shares), "{imported} of {shares} shares were imported");

        let seen = Arc::new(Seen::default());
        let mut checkers = JoinSet::new();
        for checker in 0..CHECKERS {
            checkers.spawn(check(channel.clone(), owner.clone(), checker, seen.clone()));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        for share in 0..REVOCATIONS {
            let request = RevokeShareRequest { share_id: id(number, share), expected_versions: Vec::new() };
            let began = Instant::now();
            SharingServiceClient::new(channel.clone()).revoke_share(by(&owner, request)?).await?;
            revocations.push(began.elapsed().as_secs_f64() * 1e3);
        }
        ensure!(seen.allowed.load(Ordering::SeqCst) > 0, "the shares must allow it");
        let request = StopSharingRequest { everyone: true, ..StopSharingRequest::default() };
        let began = Instant::now();
        let done = AccessAdvisorServiceClient::new(channel.clone()).stop_sharing(by(&owner, request)?).await?;
        stops.push(began.elapsed().as_secs_f64() * 1e3);
        seen.is_stopped.store(true, Ordering::SeqCst);
        let done = done.into_inner();
        ensure!(usize::try_from(done.shares) == Ok(shares - REVOCATIONS), "{} shares ended", done.shares);
        tokio::time::sleep(Duration::from_secs(2)).await;
        seen.is_over.store(true, Ordering::SeqCst);
        while let Some(checker) = checkers.join_next().await {
            checker??;
        }
        wrong += seen.wrong.load(Ordering::SeqCst);
        checked += seen.denied.load(Ordering::SeqCst);
        let carried_out = carried_out(&channel, &owner, number, shares, began).await?;
        println!(
            "{shares} shares of {owner}: stopped in {:.2} ms, revoked one by one after {carried_out:.0} s",
            stops.last().copied().unwrap_or_default()
        );
    }
    let (stop, revocation) = (median(stops), median(revocations));
    println!("a stop {stop:.2} ms, a revocation of one share {revocation:.2} ms: ratio {:.2}", stop / revocation);
    println!("{checked} checks denied, {wrong} allowed that began after the stop was answered");
    ensure!(wrong == 0, "a stop was not effective");
    Ok(())
}

/// Seconds until the last share is revoked in the store.
async fn carried_out(
    channel: &Channel,
    owner: &str,
    number: usize,
    shares: usize,
    began: Instant,
) -> anyhow::Result<f64> {
    loop {
        let request = ListShareEventsRequest {
            share_id: id(number, shares - 1),
            kinds: vec![ShareEventKind::Revoked.into()],
            ..ListShareEventsRequest::default()
        };
        let events = SharingAdminServiceClient::new(channel.clone()).list_share_events(request).await?.into_inner();
        if !events.events.is_empty() {
            let request = by(owner, GetShareRequest { share_id: id(number, shares - 1) })?;
            let share = SharingServiceClient::new(channel.clone()).get_share(request).await?.into_inner();
            ensure!(share.share.context("a share")?.revoked_at.is_some(), "it is revoked");
            return Ok(began.elapsed().as_secs_f64());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

async fn check(channel: Channel, owner: String, checker: usize, seen: Arc<Seen>) -> anyhow::Result<()> {
    let mut client = AccessServiceClient::new(channel);
    let mut share = REVOCATIONS + checker;
    while !seen.is_over.load(Ordering::SeqCst) {
        share = REVOCATIONS + (share + 7) % RECIPIENTS;
        let node = Node { id: format!("node-{share}"), ..Node::default() };
        let request = CheckAccessRequest {
            viewer_id: recipient(share),
            owner_id: owner.clone(),
            action: Action::Read.into(),
            resource: Some(Resource { resource: Some(resource::Resource::Node(node)) }),
            consistency: None,
        };
        let is_stopped = seen.is_stopped.load(Ordering::SeqCst);
        let counter = match (client.check_access(request).await?.into_inner().allowed, is_stopped) {
            (true, true) => &seen.wrong,
            (true, false) => &seen.allowed,
            (false, _) => &seen.denied,
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
    Ok(())
}

fn by<T>(user: &str, message: T) -> anyhow::Result<Request<T>> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(user)?);
    Ok(request)
}

fn id(owner: usize, share: usize) -> String {
    format!("0198c0de-{owner:04}-7000-8000-{share:012}")
}

fn recipient(share: usize) -> String {
    format!("friend-{}", share % RECIPIENTS)
}

fn share(owner: &str, number: usize, share: usize) -> Share {
    let at = Some(Timestamp { seconds: 1_767_225_600, nanos: 0 });
    Share {
        id: id(number, share),
        owner_id: owner.to_owned(),
        shared_with_user_id: recipient(share),
        shared_by_user_id: owner.to_owned(),
        scope: ShareScope::SpecificNodes.into(),
        node_ids: vec![format!("node-{share}")],
        can_read: true,
        created_at: at,
        updated_at: at,
        source: ShareSource::Direct.into(),
        version: 1,
        ..Share::default()
    }
}
