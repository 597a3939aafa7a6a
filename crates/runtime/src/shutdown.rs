//! Graceful shutdown: not ready, then lame duck, then draining of requests in flight
//! within a bound, then out.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Shutdown settings of a process.
#[derive(clap::Args, Clone, Debug)]
pub struct ShutdownSettings {
    /// How long requests in flight may take after SIGTERM
    #[arg(long, env = "DRAIN", default_value = "10s", value_parser = humantime::parse_duration)]
    pub drain: Duration,
    /// How long after SIGTERM new requests are accepted, so that load balancers notice the shutdown; part of the drain
    #[arg(long, env = "LAME_DUCK", default_value = "1s", value_parser = humantime::parse_duration)]
    pub lame_duck: Duration,
}

/// The shutdown signal of a process, shared by all tasks.
#[derive(Clone, Default)]
pub struct Shutdown {
    begun_at: Arc<OnceLock<Instant>>,
    draining: CancellationToken,
    closing: CancellationToken,
}

impl Shutdown {
    /// No shutdown is in progress.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that begins on SIGTERM or SIGINT, drains after `lame_duck`, and on a second signal exits the process.
    pub fn on_signal(lame_duck: Duration) -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let begun = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("shutting down: draining");
            begun.begin_and_close_after(lame_duck);
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("second signal: exiting immediately");
            std::process::exit(1);
        });
        Ok(shutdown)
    }

    /// Begins draining: no new requests are accepted.
    pub fn begin(&self) {
        self.begun_at.get_or_init(Instant::now);
        self.draining.cancel();
        self.closing.cancel();
    }

    /// Says that an end is near, and asks for it after `lame_duck`: until then what comes is still served, for those who have
    /// yet to learn of it.
    pub fn begin_and_close_after(&self, lame_duck: Duration) {
        self.begun_at.get_or_init(Instant::now);
        self.draining.cancel();
        let closing = self.closing.clone();
        tokio::spawn(async move {
            tokio::time::sleep(lame_duck).await;
            closing.cancel();
        });
    }

    /// Whether an end is near.
    pub fn has_begun(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Waits until an end is near.
    pub async fn begun(&self) {
        self.draining.cancelled().await;
    }

    /// Waits until draining begins.
    pub async fn closing(&self) {
        self.closing.cancelled().await;
    }

    /// Returns the output of `work`, or `None` if the shutdown begins first.
    pub async fn unless_begun<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.draining.run_until_cancelled(work).await
    }

    /// Returns the output of `work`, or `None` if draining begins first.
    pub async fn unless_closing<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.closing.run_until_cancelled(work).await
    }

    /// Runs `work` to its end, at most `bound` after the shutdown began. `None`: it was cancelled.
    pub async fn bound<T>(&self, bound: Duration, work: impl Future<Output = T>) -> Option<T> {
        let cut = async {
            self.begun().await;
            let begun_at = self.begun_at.get().copied().unwrap_or_else(Instant::now);
            tokio::time::sleep_until(begun_at + bound).await;
        };
        tokio::select! {
            biased;
            done = work => Some(done),
            () = cut => None,
        }
    }
}
