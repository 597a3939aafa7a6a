//! Writes log lines on a thread of their own: a write may wait for a disk, and no request waits for it.

use std::{
    io::{BufWriter, stderr},
    sync::OnceLock,
    time::Duration,
};

use metrics::{counter, describe_counter};
use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

/// Lines that wait to be written, some 400 bytes each. Further ones are dropped: a disk that does not answer must not stop decisions.
const QUEUE: usize = 16 * 1024;
/// Bytes that are written at once when lines come faster.
const BUFFER: usize = 64 * 1024;
const DROPPED: &str = "log_lines_dropped_total";
/// The interval at which dropped lines are counted.
const COUNT_EVERY: Duration = Duration::from_secs(10);

/// The counter of the lines that were dropped; of the first writer, which is the one that is used.
static DROPPED_LINES: OnceLock<ErrorCounter> = OnceLock::new();

/// Starts the thread. Dropping the guard writes what waits.
pub(super) fn start() -> (NonBlocking, WorkerGuard) {
    describe_counter!(DROPPED, "Log lines that were not written because the log was slower than they came");
    let writer = BufWriter::with_capacity(BUFFER, stderr());
    let (lines, guard) =
        NonBlockingBuilder::default().lossy(true).buffered_lines_limit(QUEUE).thread_name("log").finish(writer);
    if DROPPED_LINES.set(lines.error_counter()).is_ok() {
        tokio::spawn(count_dropped());
    }
    (lines, guard)
}

/// Exports how many lines were dropped, until the runtime ends.
async fn count_dropped() {
    loop {
        let dropped = DROPPED_LINES.get().map_or(0, ErrorCounter::dropped_lines);
        counter!(DROPPED).absolute(u64::try_from(dropped).unwrap_or(u64::MAX));
        tokio::time::sleep(COUNT_EVERY).await;
    }
}
