//! Settings of admission control.

use crate::ConcurrencyLimits;

/// Operations of one kind that run at a time, for each core.
const RUNNING_PER_CORE: u32 = 8;
/// The least of it: enough for the connections of one busy user.
const MIN_RUNNING: u32 = 16;

/// Operations that may wait in a burst, for each that runs.
const WAITING_PER_RUNNING: u32 = 16;

/// Limits on concurrency and memory.
#[derive(clap::Args, Clone, Debug)]
pub struct AdmissionSettings {
    /// Most operations of one kind (a gRPC method, a REST route) that run at a time; further ones wait. Default: 8 for each core, and at
    /// least 16
    #[arg(long, env = "MAX_IN_FLIGHT", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_in_flight: Option<u32>,
    /// Most operations of one kind that wait; further ones are rejected and may be retried. If all have waited longer than 5 ms for
    /// 100 ms, more wait than `--max-in-flight`, and a further one would wait longer than 50 ms, the newest are next, and each waits for
    /// 50 to 500 ms at most. Default: 16 times `--max-in-flight`
    #[arg(long, env = "MAX_WAITING", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub max_waiting: Option<u32>,
    /// MiB of request messages; a quarter is for those of up to 64 KiB. At the gateway responses have as much again. Further ones are
    /// rejected
    #[arg(long, env = "MAX_BODY_MEMORY", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub max_body_memory: u32,
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self { max_in_flight: None, max_waiting: None, max_body_memory: 48 }
    }
}

impl AdmissionSettings {
    /// The limits of operations of one kind.
    pub fn limits(&self) -> ConcurrencyLimits {
        let running = self.max_in_flight.unwrap_or_else(|| (cores() * RUNNING_PER_CORE).max(MIN_RUNNING));
        let waiting = self.max_waiting.unwrap_or_else(|| running.saturating_mul(WAITING_PER_RUNNING));
        ConcurrencyLimits { running, running_per_caller: running, waiting, waiting_in_order: waiting.min(running) }
    }

    /// The limits of operations that keep a core busy for many milliseconds: one for each core, and one for each caller.
    pub fn limits_of_heavy(&self) -> ConcurrencyLimits {
        let ConcurrencyLimits { running, waiting, .. } = self.limits();
        let waiting_in_order = waiting.min(running.saturating_mul(2));
        ConcurrencyLimits { running: cores().min(running), running_per_caller: 1, waiting, waiting_in_order }
    }
}

fn cores() -> u32 {
    std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
}
