//! Logs: one JSON object a line on stderr, or readable text on a terminal.

use std::{io::IsTerminal, sync::LazyLock};

use tracing::{Level, Metadata};
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{DynFilterFn, FilterExt, LevelFilter, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

use super::{log_writer, peer_log_limit::PeerLogLimit, traces::TraceExporter};

/// The shared crates, which keep secrets and personal data out of their logs.
const SHARED: &[&str] = &["admission", "grpc_server", "http_server", "persistence", "runtime", "service", "telemetry"];

/// The default filter: our own messages, and only warnings of libraries.
const DEFAULT_FILTER: &str = "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,h2=warn,hyper=warn,tonic=warn";

/// One for the process: the lines of a callsite are counted in one place.
static PEERS: LazyLock<PeerLogLimit> = LazyLock::new(PeerLogLimit::new);

/// Starts logging for this process; a second call changes nothing, so tests may call it freely. `ours` are the crates of the
/// program that keep secrets and personal text out of what they log. Traces go where `exporting` says: the steps of a request, and
/// none of its log lines. Dropping the guard writes the last lines.
pub(super) fn start(ours: &'static [&'static str], exporting: Option<&TraceExporter>) -> WorkerGuard {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    // Without a hint, every trace-level span of `h2` and `hyper` would be evaluated for each frame.
    let fit = filter_fn(move |metadata| is_fit_to_print(metadata, ours)).with_max_level_hint(LevelFilter::TRACE);
    let peers = DynFilterFn::new(|metadata, _| PEERS.allows(metadata)).with_max_level_hint(LevelFilter::TRACE);
    let filter = filter.and(fit).and(peers);
    tokio::spawn(PEERS.report());
    let (lines, guard) = log_writer::start();
    let logs = if std::io::stderr().is_terminal() {
        fmt::layer().with_writer(lines).with_filter(filter).boxed()
    } else {
        let json = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(lines);
        json.with_filter(filter).boxed()
    };
    // An absent layer would make every callsite's interest "sometimes", so the registry has a layer for traces only if there are any.
    // A subscriber that is installed already is a choice of the caller: keep it.
    let _ = match exporting {
        None => tracing_subscriber::registry().with(logs).try_init(),
        Some(exporting) => {
            let spans = filter_fn(|metadata| metadata.is_span() && is_of("telemetry", metadata));
            // The code location and thread of a span are not relevant for a request.
            let layer = tracing_opentelemetry::layer().with_location(false).with_threads(false).with_target(false);
            let layer = layer.with_level(false).with_tracked_inactivity(false).with_tracer(exporting.tracer());
            let traces = layer.with_filter(spans.with_max_level_hint(LevelFilter::INFO));
            tracing_subscriber::registry().with(logs).with(traces).try_init()
        }
    };
    guard
}

/// Whether this may be logged at all, whatever `RUST_LOG` asks for. In detail a crate that we stand on may print what passes
/// through it: headers with their tokens, statements with what they store.
fn is_fit_to_print(metadata: &Metadata<'_>, ours: &[&str]) -> bool {
    *metadata.level() <= Level::INFO || ours.iter().chain(SHARED).any(|name| is_of(name, metadata))
}

fn is_of(name: &str, metadata: &Metadata<'_>) -> bool {
    metadata.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
