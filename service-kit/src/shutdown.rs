//! How a process ends: not ready at once, what is under way finished within a bound, then out.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

/// Told to everything that runs, so that it ends in order.
#[derive(Clone, Default)]
pub struct Shutdown {
    draining: CancellationToken,
}

impl Shutdown {
    /// Nothing has been asked to end.
    pub fn new() -> Self {
        Self::default()
    }

    /// A shutdown that on SIGTERM or SIGINT begins, and on a second of them ends the process at once.
    pub fn on_signal() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let begin = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("shutting down: finishing what is under way");
            begin.begin();
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            info!("second signal: ending at once");
            std::process::exit(1);
        });
        Ok(shutdown)
    }

    /// Asks everything to end.
    pub fn begin(&self) {
        self.draining.cancel();
    }

    /// Whether an end was asked for.
    pub fn has_begun(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Waits until an end is asked for.
    pub async fn begun(&self) {
        self.draining.cancelled().await;
    }

    /// Runs `work` to its end, but no longer than `bound` after an end was asked for. `None`: it was cut.
    pub async fn bound<T>(&self, bound: Duration, work: impl Future<Output = T>) -> Option<T> {
        let cut = async {
            self.begun().await;
            tokio::time::sleep(bound).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = cut => None,
        }
    }
}
