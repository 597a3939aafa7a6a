//! Prometheus metrics. Names and labels follow OpenTelemetry's semantic conventions where there is one
//! (<https://opentelemetry.io/docs/specs/semconv/>); docs/observability.md lists all of them.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// Histogram buckets in seconds: from the duration of a decision to the longest timeout.
const BUCKETS: [f64; 15] =
    [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];
/// Histograms buffer each value until upkeep, which a scrape runs, and this interval otherwise.
const PUT_TOGETHER_EVERY: Duration = Duration::from_secs(5);

static REGISTRY: OnceLock<Registry> = OnceLock::new();

struct Registry {
    handle: PrometheusHandle,
    process: Collector,
    /// Callbacks that update gauges at a scrape.
    probes: Mutex<Vec<Weak<dyn Fn() + Send + Sync>>>,
    is_put_together: AtomicBool,
}

/// A callback at every scrape, until this is dropped.
#[must_use = "dropping it removes the callback"]
pub struct Probe(#[expect(dead_code, reason = "keeps the callback registered")] Arc<dyn Fn() + Send + Sync>);

/// Begins to count; a second call changes nothing.
pub fn install() {
    registry();
}

/// Runs `probe` before every scrape.
pub fn before_scrape(probe: impl Fn() + Send + Sync + 'static) -> Probe {
    let probe: Arc<dyn Fn() + Send + Sync> = Arc::new(probe);
    let mut probes = registry().probes.lock().unwrap_or_else(PoisonError::into_inner);
    probes.retain(|known| known.strong_count() > 0);
    probes.push(Arc::downgrade(&probe));
    Probe(probe)
}

/// The current metrics, in Prometheus' text format.
pub fn scrape() -> String {
    let registry = registry();
    registry.process.collect();
    let probes = registry.probes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for probe in probes.iter().filter_map(Weak::upgrade) {
        probe();
    }
    registry.handle.render()
}

/// Bounds the memory without scrapes. One task is enough in a process.
pub async fn run_upkeep() {
    let registry = registry();
    if registry.is_put_together.swap(true, Ordering::Relaxed) {
        return;
    }
    loop {
        tokio::time::sleep(PUT_TOGETHER_EVERY).await;
        registry.handle.run_upkeep();
    }
}

fn registry() -> &'static Registry {
    REGISTRY.get_or_init(|| {
        let builder = PrometheusBuilder::new();
        // Fails only without buckets.
        let builder = builder.set_buckets(&BUCKETS).unwrap_or_else(|_| PrometheusBuilder::new());
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        // A recorder that is installed already is a choice of the caller: keep it.
        let _ = metrics::set_global_recorder(recorder);
        let process = Collector::default();
        process.describe();
        metrics::describe_gauge!("ofself_build_info", "1, labelled with the running version");
        metrics::gauge!("ofself_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Registry { handle, process, probes: Mutex::default(), is_put_together: AtomicBool::new(false) }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probe_is_registered_until_dropped() {
        let seen = Arc::new(Mutex::new(0));
        let count = seen.clone();
        let probe = before_scrape(move || *count.lock().unwrap() += 1);
        assert!(scrape().contains("ofself_build_info{version="));
        assert_eq!(*seen.lock().unwrap(), 1);
        drop(probe);
        scrape();
        assert_eq!(*seen.lock().unwrap(), 1);
    }
}
