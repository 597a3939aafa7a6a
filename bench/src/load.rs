//! Offering load: as much as is taken, or at a rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::ensure;
use http::Method;
use test_kit::HttpClient;
use tokio::task::JoinSet;

/// One request.
pub(crate) struct Request {
    method: Method,
    path: String,
    body: String,
}

/// Requests to one server.
#[derive(Clone)]
pub(crate) struct Load {
    url: String,
    authorization: String,
    /// The expected status; `None`: any success.
    status: Option<u16>,
    next: Arc<dyn Fn() -> Request + Send + Sync>,
}

/// What was seen at a rate.
pub(crate) struct Seen {
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    pub(crate) failed: u64,
}

impl Request {
    pub(crate) fn get(path: &str) -> Self {
        Self { method: Method::GET, path: path.to_owned(), body: String::new() }
    }

    pub(crate) fn post(path: &str, body: String) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body }
    }
}

impl Load {
    pub(crate) fn new(url: &str, authorization: &str, next: impl Fn() -> Request + Send + Sync + 'static) -> Self {
        Self { url: url.to_owned(), authorization: authorization.to_owned(), status: None, next: Arc::new(next) }
    }

    /// The same, where this status counts as answered.
    pub(crate) fn expecting(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// Requests a second when each of so many connections asks again as soon as it is answered.
    pub(crate) async fn closed_loop(&self, connections: usize, time: Duration) -> anyhow::Result<f64> {
        let answered = Arc::new(AtomicU64::new(0));
        let began = Instant::now();
        let mut asking = JoinSet::new();
        for _ in 0..connections {
            let (load, answered) = (self.clone(), answered.clone());
            asking.spawn(async move {
                let http = HttpClient::new(load.url.clone());
                while began.elapsed() < time {
                    if load.ask(&http).await {
                        answered.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        asking.join_all().await;
        #[expect(clippy::cast_precision_loss, reason = "far fewer requests than that")]
        let answered = answered.load(Ordering::Relaxed) as f64;
        ensure!(answered > 0.0, "nothing was answered");
        Ok(answered / began.elapsed().as_secs_f64())
    }

    /// Latencies when requests come at a rate, whether earlier ones were answered or not; timed from when each was due.
    pub(crate) async fn open_loop(&self, rate: u32, time: Duration) -> anyhow::Result<Seen> {
        let http = HttpClient::new(self.url.clone());
        let began = Instant::now();
        let mut asked = JoinSet::new();
        let mut due = Duration::ZERO;
        while due < time {
            tokio::time::sleep_until((began + due).into()).await;
            let (load, http, due_at) = (self.clone(), http.clone(), began + due);
            asked.spawn(async move { load.ask(&http).await.then(|| due_at.elapsed()) });
            due += Duration::from_secs(1) / rate;
        }
        let answers = asked.join_all().await;
        let failed = answers.iter().filter(|answer| answer.is_none()).count() as u64;
        let mut times: Vec<_> = answers.into_iter().flatten().collect();
        times.sort_unstable();
        let at = |share: usize| times.get(times.len() * share / 100).copied().unwrap_or_default();
        Ok(Seen { p50: at(50), p99: at(99), failed })
    }

    async fn ask(&self, http: &HttpClient) -> bool {
        let Request { method, path, body } = (self.next)();
        let headers = [("authorization", self.authorization.as_str()), ("content-type", "application/json")];
        let headers = if self.authorization.is_empty() { &headers[1..] } else { &headers[..] };
        let answered = http.send(method, &path, headers, body).await;
        answered.is_ok_and(|answer| match self.status {
            Some(status) => answer.status == status,
            None => answer.status.is_success(),
        })
    }
}
