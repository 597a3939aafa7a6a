//! What an erasure costs others: `cargo run --release -p bench -- erasure`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use ofself_proto::sharing::{
    EraseUserRequest, ErasureState, ImportSharesRequest, Share, ShareScope, ShareSource,
    sharing_admin_service_client::SharingAdminServiceClient,
};
use prost_types::Timestamp;
use tokio::{task::JoinSet, time::MissedTickBehavior};
use tonic::transport::Channel;

use crate::decisions::{check_access, prepare_for};

const PERSON: &str = "erased";
/// Shares of one imported message.
const MESSAGE: usize = 500;
/// How long the checks of others are measured before the erasure.
const BEFORE: Duration = Duration::from_secs(20);
/// Each poll counts what is stored about the person.
const POLL: Duration = Duration::from_secs(5);

/// What is measured.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Shares of the person who is erased
    #[arg(long, default_value_t = 1_000_000)]
    shares: usize,
    /// Checks of others a second
    #[arg(long, default_value_t = 200)]
    rate: u32,
}

/// Erases a person with many shares, and compares the checks of others before and during the erasure.
pub(crate) async fn run(sharing: &str, exposure: &str, arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { shares, rate } = arguments;
    prepare_for(sharing, exposure).await?;
    let channel = Channel::from_shared(sharing.to_owned())?.connect().await?;
    let mut admin = SharingAdminServiceClient::new(channel.clone());
    let began = Instant::now();
    let messages = (0..shares.div_ceil(MESSAGE)).map(move |message| ImportSharesRequest {
        shares: (message * MESSAGE..shares.min((message + 1) * MESSAGE)).map(share).collect(),
    });
    let imported = admin.import_shares(tokio_stream::iter(messages)).await?.into_inner().imported;
    ensure!(usize::try_from(imported) == Ok(shares), "{imported} of {shares} shares were imported");
    println!("imported {shares} shares of one person in {:.0} s", began.elapsed().as_secs_f64());

    let before = Checks::start(&channel, rate);
    tokio::time::sleep(BEFORE).await;
    let before = before.end().await?;
    let during = Checks::start(&channel, rate);
    let began = Instant::now();
    let mut revoked = None;
    loop {
        let request = EraseUserRequest { user_id: PERSON.to_owned() };
        let state = admin.erase_user(request).await?.into_inner().state();
        if state != ErasureState::Pending && revoked.is_none() {
            revoked = Some(began.elapsed());
        }
        if state == ErasureState::Erased {
            break;
        }
        tokio::time::sleep(POLL).await;
    }
    let erased = began.elapsed();
    let during = during.end().await?;
    println!(
        "revoked after {:.1} s, erased after {:.1} s",
        revoked.unwrap_or_default().as_secs_f64(),
        erased.as_secs_f64()
    );
    let [(p50_before, p99_before), (p50_during, p99_during)] = [quantiles(before)?, quantiles(during)?];
    println!("CheckAccess of others at {rate}/s: before  p50 {p50_before:.2} ms, p99 {p99_before:.2} ms");
    println!("                             during  p50 {p50_during:.2} ms, p99 {p99_during:.2} ms");
    println!("ratio of p99 {:.2}", p99_during / p99_before);
    Ok(())
}

fn share(number: usize) -> Share {
    let at = Some(Timestamp { seconds: 1_767_225_600, nanos: 0 });
    Share {
        id: format!("0198c0de-0000-7000-8000-{number:012}"),
        owner_id: PERSON.to_owned(),
        shared_with_user_id: format!("friend-{}", number % 1_000),
        shared_by_user_id: PERSON.to_owned(),
        scope: ShareScope::SpecificNodes.into(),
        node_ids: vec![format!("node-{number}")],
        can_read: true,
        created_at: at,
        updated_at: at,
        source: ShareSource::Direct.into(),
        version: 1,
        ..Share::default()
    }
}

/// Checks at a fixed rate; each is measured from when it was due.
struct Checks {
    is_over: Arc<AtomicBool>,
    times: Arc<Mutex<Vec<Duration>>>,
    sending: tokio::task::JoinHandle<anyhow::Result<()>>,
}

impl Checks {
    fn start(channel: &Channel, rate: u32) -> Self {
        let (is_over, times) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Vec<Duration>>>::default());
        let sending = tokio::spawn(send(channel.clone(), rate, is_over.clone(), times.clone()));
        Self { is_over, times, sending }
    }

    async fn end(self) -> anyhow::Result<Vec<Duration>> {
        self.is_over.store(true, Ordering::SeqCst);
        self.sending.await??;
        let times = self.times.lock().ok().context("a call panicked")?;
        Ok(times.clone())
    }
}

async fn send(
    channel: Channel,
    rate: u32,
    is_over: Arc<AtomicBool>,
    times: Arc<Mutex<Vec<Duration>>>,
) -> anyhow::Result<()> {
    let mut due = tokio::time::interval(Duration::from_secs(1) / rate);
    due.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    while !is_over.load(Ordering::SeqCst) {
        let at = due.tick().await;
        let (channel, times) = (channel.clone(), times.clone());
        calls.spawn(async move {
            ensure!(check_access(&channel).await?.allowed, "the share must allow it");
            times.lock().ok().context("a call panicked")?.push(at.elapsed());
            Ok(())
        });
        while let Some(done) = calls.try_join_next() {
            done??;
        }
    }
    while let Some(done) = calls.join_next().await {
        done??;
    }
    Ok(())
}

/// The median and the 99th percentile in milliseconds.
fn quantiles(mut times: Vec<Duration>) -> anyhow::Result<(f64, f64)> {
    times.sort_unstable();
    let at = |share: usize| times.get(times.len() * share / 100).map(|time| time.as_secs_f64() * 1e3);
    Ok((at(50).context("no calls")?, at(99).context("no calls")?))
}
