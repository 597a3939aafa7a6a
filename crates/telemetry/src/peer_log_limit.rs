//! Limits the log lines that peers cause before they are authenticated, by reason.

use std::{
    num::NonZeroU32,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tracing::{Level, Metadata, callsite::Identifier, warn};

/// Lines of one reason a minute, and at once.
const LINES: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// The interval of reports of what was left out.
const REPORT_EVERY: Duration = Duration::from_secs(10);
/// Crates whose warnings are about what a peer sent.
const PROTOCOLS: [&str; 4] = ["h2", "hyper", "rustls", "tokio_rustls"];
/// The target of our own lines of this kind.
pub const PEER_LOG_TARGET: &str = "grpc_server::peer";

/// The limit; a callsite is a reason.
pub(super) struct PeerLogLimit {
    lines: DefaultKeyedRateLimiter<Identifier>,
    left_out: AtomicU64,
}

impl PeerLogLimit {
    pub(super) fn new() -> Self {
        Self { lines: RateLimiter::keyed(Quota::per_minute(LINES)), left_out: AtomicU64::new(0) }
    }

    /// Whether a line may be logged.
    pub(super) fn allows(&self, metadata: &Metadata<'_>) -> bool {
        let crate_name = metadata.target().split("::").next().unwrap_or_default();
        let is_warning = *metadata.level() <= Level::WARN;
        let is_by_a_peer = metadata.target() == PEER_LOG_TARGET || (is_warning && PROTOCOLS.contains(&crate_name));
        if !is_by_a_peer || self.lines.check_key(&metadata.callsite()).is_ok() {
            return true;
        }
        self.left_out.fetch_add(1, Ordering::Relaxed);
        false
    }

    /// Reports how many lines were left out, until the runtime ends.
    pub(super) async fn report(&'static self) {
        loop {
            tokio::time::sleep(REPORT_EVERY).await;
            let left_out = self.left_out.swap(0, Ordering::Relaxed);
            if left_out > 0 {
                warn!(left_out, "left out log lines about peers: each reason has {LINES} a minute");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{Layer, filter::filter_fn, layer::SubscriberExt};

    use super::*;

    /// Counts events by target.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<String>>>);

    impl<S: tracing::Subscriber> Layer<S> for Lines {
        fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
            self.0.lock().unwrap().push(event.metadata().target().to_owned());
        }
    }

    #[test]
    fn each_reason_is_limited_by_itself() {
        let (limit, lines) = (Arc::new(PeerLogLimit::new()), Lines::default());
        let of_peers = limit.clone();
        let filter = tracing_subscriber::filter::DynFilterFn::new(move |metadata, _| of_peers.allows(metadata));
        let always = filter_fn(|_| true);
        tracing::subscriber::with_default(
            tracing_subscriber::registry()
                .with(lines.clone().with_filter(filter))
                .with(Lines::default().with_filter(always)),
            || {
                for _ in 0..1_000 {
                    warn!(target: "h2::proto", "too many resets");
                    warn!(target: PEER_LOG_TARGET, "the role is missing");
                    tracing::info!(target: PEER_LOG_TARGET, "answered");
                    warn!(target: "sharing_svc", "ours");
                }
            },
        );
        let of = |target: &str| lines.0.lock().unwrap().iter().filter(|line| *line == target).count();
        assert_eq!([of("h2::proto"), of(PEER_LOG_TARGET), of("sharing_svc")], [10, 20, 1_000]);
        assert_eq!(limit.left_out.load(Ordering::Relaxed), 2_970);
    }
}
