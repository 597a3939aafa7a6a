//! Logs: one JSON object a line on stderr, or readable text on a terminal.

use std::io::IsTerminal;

use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// What is logged where `RUST_LOG` does not say: our own sentences, and only the warnings of what we stand on.
const DEFAULT_FILTER: &str = "info,sqlx=warn,sea_orm=warn,sea_orm_migration=warn,h2=warn,hyper=warn,tonic=warn";

/// Starts logging for this process; a second call changes nothing, so tests may call it freely. `ours` are the crates of the
/// program that keep secrets and personal text out of what they log.
pub fn start(ours: &'static [&'static str]) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let filter = filter.and(filter_fn(|metadata| is_fit_to_print(metadata, ours)));
    let registry = tracing_subscriber::registry();
    // A subscriber that is there already is somebody's choice: keep it.
    let _ = if std::io::stderr().is_terminal() {
        registry.with(fmt::layer().with_writer(std::io::stderr).with_filter(filter)).try_init()
    } else {
        let json = fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(std::io::stderr);
        registry.with(json.with_filter(filter)).try_init()
    };
}

/// Whether this may be logged at all, whatever `RUST_LOG` asks for. In detail a crate that we stand on may print what passes
/// through it: headers with their tokens, statements with what they store.
fn is_fit_to_print(metadata: &Metadata<'_>, ours: &[&str]) -> bool {
    let of_ours =
        |name: &str| metadata.target().strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    *metadata.level() <= Level::INFO || ours.iter().chain(&["service_kit"]).any(|name| of_ours(name))
}
