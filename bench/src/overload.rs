//! Five times what the plane can serve: `cargo run --release -p bench -- overload`.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context;
use http::Method;
use test_kit::HttpClient;
use tokio::{sync::mpsc, task::JoinSet};

/// How long each part lasts.
const PART: Duration = Duration::from_secs(10);
/// Connections that carry the load.
const CONNECTIONS: usize = 256;
/// Calm is a quarter of what can be served, and overload five times as much.
const BASELINE: f64 = 0.25;
const OVERLOAD: f64 = 5.0;

/// What came back at a rate.
struct Seen {
    accepted: Vec<Duration>,
    rejected: u64,
    without_retry_after: u64,
    failed: u64,
    offered: f64,
}

/// A request of one user.
type Next = Arc<dyn Fn(u64) -> (Method, String, String, String) + Send + Sync>;

/// Overloads with requests for shares, then with new shares; `process` is whose memory is read.
pub(crate) async fn run(url: &str, tokens: &[String], process: u32) -> anyhow::Result<()> {
    let headers: Arc<[String]> = tokens.iter().map(|token| format!("Bearer {token}")).collect();
    let of = move |number: u64| -> String {
        let count = u64::try_from(headers.len()).unwrap_or(1).max(1);
        headers.get(usize::try_from(number % count).unwrap_or_default()).cloned().unwrap_or_default()
    };
    let (readers, writers) = (of.clone(), of);
    let list = "/api/v1/sharing/outgoing?limit=1";
    let read: Next = Arc::new(move |number| (Method::GET, list.to_owned(), readers(number), String::new()));
    let write: Next = Arc::new(move |number| {
        let body = format!(r#"{{"shared_with_user_id": "bob-{number}", "scope": "specific_tags", "tag_ids": ["o"]}}"#);
        (Method::POST, "/api/v1/sharing".to_owned(), writers(number), body)
    });
    for (name, next) in [("GET", read), ("POST", write)] {
        overload(name, url, &next, process).await?;
    }
    Ok(())
}

async fn overload(name: &str, url: &str, next: &Next, process: u32) -> anyhow::Result<()> {
    let numbers = Arc::new(AtomicU64::new(0));
    // A few at a time, so that nothing is turned away: what it can serve.
    let capacity = closed_loop(url, next, &numbers, 4).await?;
    println!("{name}: {capacity:.0}/s can be served");
    let baseline = offer(url, next, &numbers, capacity * BASELINE).await;
    let over = offer(url, next, &numbers, capacity * OVERLOAD).await;
    let after = offer(url, next, &numbers, capacity * BASELINE).await;
    for (part, seen) in [("baseline", &baseline), ("overload", &over), ("after", &after)] {
        let Seen { accepted, rejected, without_retry_after, failed, offered } = seen;
        let at =
            |share: usize| accepted.get(accepted.len() * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
        println!(
            "  {part:9} {offered:>8.0}/s offered: {:>7} accepted (p50 {:.2} ms, p99 {:.2} ms), {rejected} rejected ({without_retry_after} of them without Retry-After), {failed} failed",
            accepted.len(),
            at(50),
            at(99),
        );
    }
    let median = |seen: &Seen| seen.accepted.get(seen.accepted.len() / 2).copied().unwrap_or_default().as_secs_f64();
    println!(
        "  accepted under overload: {:.1} times the baseline median; after it {:.1} times",
        median(&over) / median(&baseline),
        median(&after) / median(&baseline)
    );
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let most = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    println!("  memory at most: {}", most.trim());
    Ok(())
}

async fn closed_loop(url: &str, next: &Next, numbers: &Arc<AtomicU64>, at_once: usize) -> anyhow::Result<f64> {
    let (began, answered) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut asking = JoinSet::new();
    for _ in 0..at_once {
        let (http, next, numbers, answered) = (HttpClient::new(url), next.clone(), numbers.clone(), answered.clone());
        asking.spawn(async move {
            while began.elapsed() < PART {
                if ask(&http, &next, numbers.fetch_add(1, Ordering::Relaxed)).await.is_some_and(|status| status < 300) {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    asking.join_all().await;
    let answered = u32::try_from(answered.load(Ordering::Relaxed)).context("too many answers")?;
    Ok(f64::from(answered) / began.elapsed().as_secs_f64())
}

/// Offers requests at a rate, whether earlier ones were answered or not. Each is timed from when it was sent: what waits for
/// one of the connections here was not offered, and is not counted.
async fn offer(url: &str, next: &Next, numbers: &Arc<AtomicU64>, rate: f64) -> Seen {
    let (send, receive) = async_channel();
    let mut asking = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (http, next, numbers, receive) = (HttpClient::new(url), next.clone(), numbers.clone(), receive.clone());
        asking.spawn(async move {
            let mut seen = Seen::new();
            while next_tick(&receive).await {
                let began = Instant::now();
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                seen.count(send_one(&http, &next, number).await, began.elapsed());
            }
            seen
        });
    }
    let (began, mut offered) = (Instant::now(), 0.0);
    while began.elapsed() < PART {
        let due = began.elapsed().as_secs_f64() * rate;
        while offered < due {
            offered += 1.0;
            // Everybody is busy: it goes unsent.
            let _ = send.try_send(());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(send);
    let mut all = Seen::new();
    for seen in asking.join_all().await {
        all.add(seen);
    }
    all.accepted.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "far fewer requests than that")]
    let offered = (all.accepted.len() as u64 + all.rejected + all.failed) as f64;
    Seen { offered: offered / PART.as_secs_f64(), ..all }
}

type Ticks = Arc<tokio::sync::Mutex<mpsc::Receiver<()>>>;

fn async_channel() -> (mpsc::Sender<()>, Ticks) {
    let (send, receive) = mpsc::channel(CONNECTIONS);
    (send, Arc::new(tokio::sync::Mutex::new(receive)))
}

async fn next_tick(receive: &Ticks) -> bool {
    receive.lock().await.recv().await.is_some()
}

async fn ask(http: &HttpClient, next: &Next, number: u64) -> Option<u16> {
    send_one(http, next, number).await.map(|(status, _)| status)
}

/// The status of a response, and whether it has a retry delay.
async fn send_one(http: &HttpClient, next: &Next, number: u64) -> Option<(u16, bool)> {
    let (method, path, authorization, body) = next(number);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let answer = http.send(method, &path, &headers, body).await.ok()?;
    Some((answer.status.as_u16(), answer.headers.contains_key("retry-after")))
}

impl Seen {
    fn new() -> Self {
        Self { accepted: Vec::new(), rejected: 0, without_retry_after: 0, failed: 0, offered: 0.0 }
    }

    fn count(&mut self, answer: Option<(u16, bool)>, took: Duration) {
        match answer {
            Some((200..=299, _)) => self.accepted.push(took),
            Some((429 | 503, says_when)) => {
                self.rejected += 1;
                self.without_retry_after += u64::from(!says_when);
            }
            Some(_) | None => self.failed += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.rejected += other.rejected;
        self.without_retry_after += other.without_retry_after;
        self.failed += other.failed;
    }
}
