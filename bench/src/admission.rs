//! Admission control under load: `cargo run --release -p bench -- admission`.
//!
//! Capacity is what a closed loop of 16 connections is answered, measured under the same conditions. Each part prints how much was
//! offered, answered and rejected.

use std::{
    fs,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use ofself_proto::exposure::{EvaluateNodesRequest, EvaluateNodesResponse};
use tokio::{
    sync::{Mutex, Semaphore},
    task::JoinSet,
};
use tonic::{Code, transport::Channel};

use crate::{decisions, raw_http::Connection};

/// How long each part lasts, but for those at 70 %.
const PART: Duration = Duration::from_secs(10);
/// How long capacity is measured.
pub(crate) const MEASURE: Duration = Duration::from_secs(5);
/// Connections of the open loops.
const CONNECTIONS: usize = 128;

/// What the parts need.
pub(crate) struct Plane<'a> {
    pub(crate) url: &'a str,
    pub(crate) exposure: &'a str,
    pub(crate) sharing: &'a str,
    /// Tokens of different users.
    pub(crate) tokens: &'a [String],
    pub(crate) process: u32,
    /// How long the parts at 70 % of the capacity last.
    pub(crate) steady: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Answered,
    Rejected,
    Failed,
}

pub(crate) type Answer = std::pin::Pin<Box<dyn Future<Output = Outcome> + Send>>;
/// Sends one request over the connection of a worker.
pub(crate) type SendRequest = Arc<dyn Fn(u64) -> Answer + Send + Sync>;
/// Opens a connection for a worker.
pub(crate) type Connect = Arc<dyn Fn(usize) -> SendRequest + Send + Sync>;

#[derive(Default)]
pub(crate) struct Seen {
    answered: Vec<Duration>,
    rejected: u64,
    failed: u64,
    seconds: f64,
}

/// A process that uses one core.
struct Burner(Child);

impl Burner {
    fn start() -> anyhow::Result<Self> {
        let burn = Command::new("sh").args(["-c", "while :; do :; done"]).stdin(Stdio::null()).spawn()?;
        Ok(Self(burn))
    }
}

impl Drop for Burner {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Seen {
    fn count(&mut self, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Answered => self.answered.push(took),
            Outcome::Rejected => self.rejected += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.rejected += other.rejected;
        self.failed += other.failed;
    }

    pub(crate) fn rate(&self) -> f64 {
        f64::from(u32::try_from(self.answered.len()).unwrap_or(u32::MAX)) / self.seconds
    }

    /// Milliseconds.
    fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.answered.clone();
        sorted.sort_unstable();
        sorted.get(sorted.len() * percent / 100).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    fn print(&self, part: &str) {
        println!(
            "  {part:<34} {:>7.0}/s answered, p50 {:>6.2} ms, p99 {:>6.2} ms, {} rejected, {} failed",
            self.rate(),
            self.percentile(50),
            self.percentile(99),
            self.rejected,
            self.failed
        );
    }
}

/// Measures and prints.
pub(crate) async fn run(plane: &Plane<'_>) -> anyhow::Result<()> {
    let get = rest(plane.url, plane.tokens, |_| ("GET", "/api/v1/exposure-profiles/default".to_owned(), String::new()));
    let check = grpc(plane.sharing).await?;
    let nodes = evaluations(plane.exposure).await?;
    for (name, connect) in [("REST GET", &get), ("CheckAccess", &check)] {
        steady(name, connect, plane).await?;
        overload(name, connect, 2.0, plane).await?;
    }
    overload("EvaluateNodes of 1,000", &nodes, 5.0, plane).await?;
    let one_user = rest(plane.url, plane.tokens.get(..1).unwrap_or_default(), |_| {
        ("GET", "/api/v1/exposure-profiles/default".to_owned(), String::new())
    });
    println!("one user in a closed loop:");
    for is_beside_burner in [false, true] {
        let _burner = is_beside_burner.then(Burner::start).transpose()?;
        for connections in [8, 16] {
            let beside = if is_beside_burner { "beside a burner" } else { "alone" };
            closed_loop(&one_user, connections, PART).await.print(&format!("{connections} connections, {beside}"));
        }
    }
    flood(plane).await
}

/// Offered 70 % of the capacity, alone and beside a process that uses one core. The speed of a shared machine changes within a minute,
/// so the capacity is measured again before each slice.
async fn steady(name: &str, connect: &Connect, plane: &Plane<'_>) -> anyhow::Result<()> {
    println!("{name} at 70 % of the capacity:");
    for is_beside_burner in [false, true] {
        let _burner = is_beside_burner.then(Burner::start).transpose()?;
        let mut seen = Seen::default();
        while seen.seconds < plane.steady.as_secs_f64() {
            let capacity = closed_loop(connect, 16, MEASURE).await.rate();
            let slice = offer(connect, capacity * 0.7, PART.min(plane.steady)).await;
            seen.seconds += slice.seconds;
            seen.add(slice);
        }
        seen.print(if is_beside_burner { "beside a burner" } else { "alone" });
    }
    Ok(())
}

/// Offered a multiple of the capacity, then a quarter of it.
async fn overload(name: &str, connect: &Connect, times: f64, plane: &Plane<'_>) -> anyhow::Result<()> {
    println!("{name} at {times} times the capacity:");
    let capacity = closed_loop(connect, 16, MEASURE).await.rate();
    let calm = offer(connect, capacity / 4.0, PART).await;
    let over = offer(connect, capacity * times, PART).await;
    let after = offer(connect, capacity / 4.0, Duration::from_secs(1)).await;
    calm.print("a quarter of the capacity");
    over.print("overload");
    after.print("the second after it");
    let status = fs::read_to_string(format!("/proc/{}/status", plane.process))?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    println!(
        "  capacity {capacity:.0}/s, answered {:.2} of it, p99 {:.1} times the calm one, memory at most {}",
        over.rate() / capacity,
        over.percentile(99) / calm.percentile(99),
        most.trim()
    );
    Ok(())
}

/// One user floods with the largest pages; another's requests are timed.
async fn flood(plane: &Plane<'_>) -> anyhow::Result<()> {
    println!("another user's GET while one user floods with pages of 1,000 shares:");
    let [flooder, other] = [plane.tokens.get(..1), plane.tokens.get(1..2)].map(Option::unwrap_or_default);
    let share = rest(plane.url, flooder, |number| {
        let body = format!(r#"{{"shared_with_user_id": "r-{number}", "scope": "specific_tags", "tag_ids": ["t"]}}"#);
        ("POST", "/api/v1/sharing".to_owned(), body)
    });
    let create = share(0);
    for number in 0..1_000 {
        create(number).await;
    }
    let pages = rest(plane.url, flooder, |_| ("GET", "/api/v1/sharing/outgoing?limit=1000".to_owned(), String::new()));
    let get = rest(plane.url, other, |_| ("GET", "/api/v1/exposure-profiles/default".to_owned(), String::new()));
    let calm = offer(&get, 100.0, PART).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let mut flooding = JoinSet::new();
    for connection in 0..32 {
        let (send, is_over) = (pages(connection), is_over.clone());
        flooding.spawn(async move {
            let mut seen = Seen::default();
            while !is_over.load(Ordering::Relaxed) {
                seen.count(send(0).await, Duration::ZERO);
            }
            seen
        });
    }
    let beside = offer(&get, 100.0, PART).await;
    is_over.store(true, Ordering::Relaxed);
    let mut pages = Seen { seconds: PART.as_secs_f64(), ..Seen::default() };
    for seen in flooding.join_all().await {
        pages.add(seen);
    }
    calm.print("calm");
    beside.print("beside the flood");
    pages.print("the flood itself");
    println!("  p99 {:.1} times the calm one", beside.percentile(99) / calm.percentile(99));
    Ok(())
}

pub(crate) fn rest(
    url: &str,
    tokens: &[String],
    request: impl Fn(u64) -> (&'static str, String, String) + Clone + Send + Sync + 'static,
) -> Connect {
    let url = url.to_owned();
    let headers: Arc<[String]> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
    Arc::new(move |_| {
        let (url, headers, request) = (url.clone(), headers.clone(), request.clone());
        // A worker has one request in flight.
        let connection = Arc::new(Mutex::new(None));
        Arc::new(move |number| {
            let count = u64::try_from(headers.len()).unwrap_or(1).max(1);
            let user = usize::try_from(number % count).unwrap_or_default();
            let (method, path, body) = request(number);
            let authorization = headers.get(user).map(String::as_str).unwrap_or_default();
            let bytes = Connection::request(method, &path, authorization, &body);
            let (url, connection) = (url.clone(), connection.clone());
            Box::pin(async move {
                let mut connection = connection.lock().await;
                let open = match connection.take() {
                    Some(open) => Ok(open),
                    None => Connection::open(&url).await,
                };
                let Ok(mut open) = open else { return Outcome::Failed };
                let Ok(status) = open.send(&bytes).await else { return Outcome::Failed };
                *connection = Some(open);
                match status {
                    200..=299 => Outcome::Answered,
                    429 | 503 => Outcome::Rejected,
                    _ => Outcome::Failed,
                }
            })
        })
    })
}

async fn grpc(url: &str) -> anyhow::Result<Connect> {
    let mut channels = Vec::new();
    for _ in 0..4 {
        channels.push(Channel::from_shared(url.to_owned())?.connect().await?);
    }
    Ok(Arc::new(move |worker| {
        let channel = channels.get(worker % channels.len().max(1)).cloned();
        Arc::new(move |_| {
            let channel = channel.clone();
            Box::pin(async move {
                let Some(channel) = channel else { return Outcome::Failed };
                outcome(decisions::check_access(&channel).await)
            })
        })
    }))
}

async fn evaluations(url: &str) -> anyhow::Result<Connect> {
    let mut channels = Vec::new();
    for _ in 0..4 {
        channels.push(Channel::from_shared(url.to_owned())?.connect().await?);
    }
    let request: Arc<EvaluateNodesRequest> = Arc::new(decisions::evaluation_of(1_000));
    Ok(Arc::new(move |worker| {
        let (channel, request) = (channels.get(worker % channels.len().max(1)).cloned(), request.clone());
        Arc::new(move |_| {
            let (channel, request) = (channel.clone(), request.clone());
            Box::pin(async move {
                let Some(channel) = channel else { return Outcome::Failed };
                outcome(decisions::evaluate_nodes(&channel, &request).await.map(|_: EvaluateNodesResponse| ()))
            })
        })
    }))
}

fn outcome<T>(answer: anyhow::Result<T>) -> Outcome {
    match answer {
        Ok(_) => Outcome::Answered,
        Err(error) => match error.downcast_ref::<tonic::Status>().map(tonic::Status::code) {
            Some(Code::ResourceExhausted) => Outcome::Rejected,
            _ => Outcome::Failed,
        },
    }
}

/// Each of so many connections asks again as soon as it is answered.
pub(crate) async fn closed_loop(connect: &Connect, connections: usize, time: Duration) -> Seen {
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..connections {
        let send = connect(worker);
        workers.spawn(async move {
            let mut seen = Seen::default();
            let mut number = worker as u64;
            while began.elapsed() < time {
                let began_at = Instant::now();
                seen.count(send(number).await, began_at.elapsed());
                number += connections as u64;
            }
            seen
        });
    }
    let mut all = Seen::default();
    for seen in workers.join_all().await {
        all.add(seen);
    }
    Seen { seconds: began.elapsed().as_secs_f64(), ..all }
}

/// Offers requests at a rate, whether earlier ones were answered or not, each timed from when it is sent. What finds all connections busy
/// is not sent.
pub(crate) async fn offer(connect: &Connect, rate: f64, time: Duration) -> Seen {
    let due_now = Arc::new(Semaphore::new(0));
    let numbers = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for worker in 0..CONNECTIONS {
        let (send, due_now, numbers) = (connect(worker), due_now.clone(), numbers.clone());
        workers.spawn(async move {
            let mut seen = Seen::default();
            while let Ok(due) = due_now.acquire().await {
                due.forget();
                let began_at = Instant::now();
                seen.count(send(numbers.fetch_add(1, Ordering::Relaxed)).await, began_at.elapsed());
            }
            seen
        });
    }
    let (began, mut offered) = (Instant::now(), 0.0);
    while began.elapsed() < time {
        let due = began.elapsed().as_secs_f64() * rate;
        while offered < due {
            offered += 1.0;
            // If all connections are busy, it is not sent.
            if due_now.available_permits() < CONNECTIONS {
                due_now.add_permits(1);
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    due_now.close();
    let mut all = Seen::default();
    for seen in workers.join_all().await {
        all.add(seen);
    }
    Seen { seconds: began.elapsed().as_secs_f64(), ..all }
}
