//! Events to watchers: `cargo run --release -p bench -- feed`.
//!
//! Watchers of one owner each, and some of all owners; then changes at a fixed rate. The latency of an event is measured from when its change
//! is sent, so it includes the change itself.

use std::{
    collections::HashMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use ofself_proto::sharing::{
    CreateShareRequest, ShareScope, WatchSharesRequest, access_service_client::AccessServiceClient,
    sharing_service_client::SharingServiceClient, watch_shares_response::Content,
};
use tokio::{sync::Mutex, task::JoinSet};
use tonic::{Request, metadata::AsciiMetadataValue, transport::Channel};

/// Workers that send changes.
const WRITERS: u64 = 32;
/// Watch streams on one connection.
const STREAMS: usize = 50;
/// Watchers of all owners.
const UNFILTERED: usize = 4;
/// Time for the last events to arrive.
const SETTLE: Duration = Duration::from_secs(3);

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The address of a sharing-svc that runs, `http://127.0.0.1:50051`; without it, `ofself` is started
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// Watchers of one owner each; one caller may hold 1,000 streams by default
    #[arg(long, default_value_t = 990)]
    pub(crate) watchers: usize,
    /// Changes a second
    #[arg(long, default_value_t = 500)]
    pub(crate) rate: u32,
    /// Seconds of changes
    #[arg(long, default_value_t = 20)]
    pub(crate) seconds: u64,
}

type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// Measures, and prints. `process`: the process that serves.
pub(crate) async fn run(url: &str, process: Option<u32>, arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { watchers, rate, seconds, .. } = *arguments;
    let run = std::process::id();
    let owner = move |number: u64| format!("feed-{run}-{}", number % watchers.max(1) as u64);
    let sent: Sent = Arc::default();
    let before = process.map(resident).transpose()?;
    let mut watching = JoinSet::new();
    let mut channel = None;
    for number in 0..watchers + UNFILTERED {
        if number % STREAMS == 0 {
            channel = Some(Channel::from_shared(url.to_owned())?.connect().await?);
        }
        let owner_ids = if number < watchers { vec![owner(number as u64)] } else { Vec::new() };
        let request = WatchSharesRequest { owner_ids, ..WatchSharesRequest::default() };
        let mut client = AccessServiceClient::new(channel.clone().context("no connection")?);
        let mut messages = client.watch_shares(request).await?.into_inner();
        let sent = sent.clone();
        watching.spawn(async move {
            let mut seen: Vec<Duration> = Vec::new();
            let end = Duration::from_secs(seconds) + SETTLE;
            let read = async {
                while let Ok(Some(message)) = messages.message().await {
                    let Some(Content::Event(event)) = message.content else { continue };
                    let recipient = event.after.map(|share| share.shared_with_user_id).unwrap_or_default();
                    if let Some(at) = sent.lock().await.get(&recipient) {
                        seen.push(at.elapsed());
                    }
                }
            };
            let _ = tokio::time::timeout(end + Duration::from_secs(2), read).await;
            (number < watchers, seen)
        });
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    if let (Some(before), Some(process)) = (before, process) {
        let each = (resident(process)?.saturating_sub(before)) / (watchers + UNFILTERED).max(1) as u64;
        println!("memory of an idle watcher: {each} KiB, its connection included");
    }
    let written = write(url, rate, seconds, owner, sent).await?;
    tokio::time::sleep(SETTLE).await;
    let (mut of_owner, mut of_all) = (Vec::new(), Vec::new());
    while let Some(done) = watching.join_next().await {
        let (is_filtered, seen) = done?;
        if is_filtered { of_owner.extend(seen) } else { of_all.extend(seen) }
    }
    println!("{written} changes in {seconds} s, {rate} a second offered");
    print("one owner each", of_owner, written);
    print("all owners", of_all, written * UNFILTERED as u64);
    Ok(())
}

async fn write(
    url: &str,
    rate: u32,
    seconds: u64,
    owner: impl Fn(u64) -> String + Clone + Send + 'static,
    sent: Sent,
) -> anyhow::Result<u64> {
    let total = u64::from(rate) * seconds;
    let next = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let channel = Channel::from_shared(url.to_owned())?.connect().await?;
        let (next, owner, sent) = (next.clone(), owner.clone(), sent.clone());
        writers.spawn(async move {
            let mut client = SharingServiceClient::new(channel);
            let mut written = 0;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return anyhow::Ok(written);
                }
                let due = began + Duration::from_secs(1) * u32::try_from(number)? / rate;
                tokio::time::sleep_until(due.into()).await;
                let recipient = format!("{}-r{number}", owner(number));
                let mut request = Request::new(CreateShareRequest {
                    shared_with_user_id: recipient.clone(),
                    scope: ShareScope::All.into(),
                    ..CreateShareRequest::default()
                });
                request.metadata_mut().insert("x-ofself-user", AsciiMetadataValue::try_from(owner(number))?);
                sent.lock().await.insert(recipient, Instant::now());
                client.create_share(request).await?;
                written += 1;
            }
        });
    }
    let mut written = 0;
    while let Some(done) = writers.join_next().await {
        written += done??;
    }
    Ok(written)
}

fn print(who: &str, mut seen: Vec<Duration>, expected: u64) {
    seen.sort_unstable();
    let at = |percent: usize| seen.get(seen.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
    println!(
        "watchers of {who}: {} of {expected} events, p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms after the change was sent",
        seen.len(),
        at(50),
        at(99),
        seen.last().copied().unwrap_or_default().as_secs_f64() * 1e3
    );
}

/// Resident memory of a process in KiB.
fn resident(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(resident.trim().trim_end_matches(" kB").parse()?)
}
