//! Metrics of a limit: its value, its use, and its rejections by reason.

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};

const LIMIT: &str = "admission_limit";
const USED: &str = "admission_used";
const WAITING: &str = "admission_waiting";
const REJECTIONS: &str = "admission_rejections_total";

/// Why a limit rejected a request. The runbook has a line for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RejectionReason {
    /// The queue is full, and this caller has as many operations in it as any other.
    QueueFull,
    /// The queue was full, and a caller with fewer operations in it took this place, or in overload a newer operation.
    Displaced,
    /// No permit became free in the time that the request could wait, or in the time that a standing queue allows.
    WaitedTooLong,
    /// The limit is reached.
    Exhausted,
    /// The caller has its share of the limit, and others need the rest.
    CallerShare,
}

impl RejectionReason {
    const ALL: [Self; 5] = [Self::QueueFull, Self::Displaced, Self::WaitedTooLong, Self::Exhausted, Self::CallerShare];

    /// The label of the reason in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Displaced => "displaced",
            Self::WaitedTooLong => "waited_too_long",
            Self::Exhausted => "exhausted",
            Self::CallerShare => "caller_share",
        }
    }
}

/// The metrics of one limit.
#[derive(Debug)]
pub(crate) struct LimitMetrics {
    used: Gauge,
    waiting: Gauge,
    rejections: [Counter; RejectionReason::ALL.len()],
}

impl LimitMetrics {
    pub(crate) fn new(name: &str, limit: u64) -> Self {
        let name = name.to_owned();
        describe_gauge!(LIMIT, "Value of a limit: operations, bytes or streams");
        describe_gauge!(USED, "Use of a limit");
        describe_gauge!(WAITING, "Operations in the queue of a limit");
        describe_counter!(REJECTIONS, "Rejections by a limit, by reason");
        #[expect(clippy::cast_precision_loss, reason = "a limit is far below 2^52")]
        gauge!(LIMIT, "limit" => name.clone()).set(limit as f64);
        Self {
            used: gauge!(USED, "limit" => name.clone()),
            waiting: gauge!(WAITING, "limit" => name.clone()),
            rejections: RejectionReason::ALL
                .map(|reason| counter!(REJECTIONS, "limit" => name.clone(), "reason" => reason.as_str())),
        }
    }

    pub(crate) fn used(&self, change: i64) {
        change_gauge(&self.used, change);
    }

    pub(crate) fn waiting(&self, change: i64) {
        change_gauge(&self.waiting, change);
    }

    pub(crate) fn rejected(&self, reason: RejectionReason) {
        if let Some(counter) =
            RejectionReason::ALL.iter().position(|of| *of == reason).and_then(|at| self.rejections.get(at))
        {
            counter.increment(1);
        }
    }
}

fn change_gauge(gauge: &Gauge, change: i64) {
    #[expect(clippy::cast_precision_loss, reason = "a use is far below 2^52")]
    gauge.increment(change as f64);
}
