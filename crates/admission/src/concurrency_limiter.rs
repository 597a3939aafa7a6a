//! Concurrency limiter with a short bounded queue that is fair between callers, one for each kind of operation.
//!
//! Up to a limit operations run; further ones wait. Each caller's wait in their order, and callers take turns, so the share of a
//! caller binds only while others wait. The queue absorbs bursts: when it is full, the caller with the most waiting operations loses
//! the newest of them. A long standing queue, which is recognized as RFC 8289 does, is served newest first (adaptive LIFO), and what
//! waits too long in it is rejected. Why this is code of ours: `docs/decisions/0012-concurrency-limit-with-a-fair-queue.md`.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    Caller,
    concurrency_limiter::queue::{Order, State},
    limit_metrics::{LimitMetrics, RejectionReason},
};

mod queue;

/// The limits of one kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    /// Operations that run at a time.
    pub running: u32,
    /// The maximum of one caller, also while no other caller waits.
    pub running_per_caller: u32,
    /// Operations that wait, of all callers.
    pub waiting: u32,
    /// A standing queue that is longer is served newest first, if a new operation would wait in it for more than 50 ms.
    pub waiting_in_order: u32,
}

/// Limits how many operations of one kind run and wait.
#[derive(Debug)]
pub struct ConcurrencyLimiter {
    limits: ConcurrencyLimits,
    state: Mutex<State>,
    metrics: LimitMetrics,
}

/// Permission to run one operation, until it is dropped.
#[derive(Debug)]
pub struct LimiterPermit {
    limiter: Arc<ConcurrencyLimiter>,
    caller: Caller,
    since: Instant,
}

type Answer = Result<LimiterPermit, RejectionReason>;

/// An operation in the queue; leaves it when dropped.
struct QueuedOperation<'a> {
    limiter: &'a ConcurrencyLimiter,
    caller: Caller,
    ticket: u64,
}

/// Answers to send after the lock is released: a permit without a receiver acquires the lock when it is dropped.
type Answers = Vec<(oneshot::Sender<Answer>, Answer)>;

impl ConcurrencyLimiter {
    /// A limiter of the operations called `name` in metrics.
    pub fn new(name: &str, limits: ConcurrencyLimits) -> Arc<Self> {
        let metrics = LimitMetrics::new(name, u64::from(limits.running));
        Arc::new(Self { limits, state: Mutex::default(), metrics })
    }

    /// Waits for a permit, for `max_wait` at most.
    pub async fn acquire(self: &Arc<Self>, caller: Caller, max_wait: Duration) -> Answer {
        let (received, ticket) = {
            let mut state = self.state();
            if state.may_run(caller, &self.limits) {
                state.start(caller);
                // Only the queue of callers that use their share is long: it is no standing queue for the others.
                state.standing.observe_wait(Duration::ZERO);
                drop(state);
                self.metrics.used(1);
                return Ok(self.permit(caller));
            }
            let order = state.order(&self.limits);
            let displaced = if state.waiting < self.limits.waiting {
                None
            } else {
                match state.displace_for(caller, order) {
                    Ok(displaced) => Some(displaced),
                    Err(reason) => {
                        drop(state);
                        self.metrics.rejected(reason);
                        return Err(reason);
                    }
                }
            };
            let queued = state.enqueue(caller, order);
            drop(state);
            if let Some(displaced) = displaced {
                let _ = displaced.answer.send(Err(RejectionReason::Displaced));
            }
            queued
        };
        self.metrics.waiting(1);
        let _queued = QueuedOperation { limiter: self, caller, ticket };
        let answer = match tokio::time::timeout(max_wait, received).await {
            Ok(answer) => answer.unwrap_or(Err(RejectionReason::Displaced)),
            Err(_) => Err(RejectionReason::WaitedTooLong),
        };
        if let Err(reason) = &answer {
            self.metrics.rejected(*reason);
        }
        answer
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permit(self: &Arc<Self>, caller: Caller) -> LimiterPermit {
        LimiterPermit { limiter: self.clone(), caller, since: Instant::now() }
    }

    fn release(self: &Arc<Self>, caller: Caller, duration: Duration) {
        let mut answers = Answers::new();
        {
            let mut state = self.state();
            // Before the operation leaves: so many run while others wait.
            let order = state.order(&self.limits);
            state.finish(caller, duration);
            if order == Order::NewestFirst {
                let expired = state.expire().into_iter();
                answers.extend(expired.map(|waiter| (waiter.answer, Err(RejectionReason::WaitedTooLong))));
            }
            while state.running < self.limits.running {
                let Some((caller, waiter)) = state.dequeue(&self.limits, order) else { break };
                state.start(caller);
                answers.push((waiter.answer, Ok(self.permit(caller))));
            }
        }
        self.metrics.used(-1);
        for (waiter, answer) in answers {
            if answer.is_ok() {
                self.metrics.used(1);
            }
            // A waiter that has gone away gives its permit back, when it is dropped here.
            let _ = waiter.send(answer);
        }
    }
}

impl Drop for LimiterPermit {
    fn drop(&mut self) {
        self.limiter.release(self.caller, self.since.elapsed());
    }
}

impl Drop for QueuedOperation<'_> {
    fn drop(&mut self) {
        self.limiter.state().remove(self.caller, self.ticket);
        self.limiter.metrics.waiting(-1);
    }
}

#[cfg(test)]
mod tests;
