//! Concurrency limiter with a short bounded queue that is fair between callers, one for each kind of operation.
//!
//! Up to a limit operations run; further ones wait. Each caller's wait in their order, and callers take turns, so the share of a
//! caller binds only while others wait. The queue absorbs bursts. A standing queue only adds latency, so its bound is lower; it is
//! recognized as RFC 8289 does. When it is full, the caller with the most waiting operations loses the newest of them. Why this is
//! code of ours: `docs/decisions/0012-concurrency-limit-with-a-fair-queue.md`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    Caller,
    limit_metrics::{LimitMetrics, RejectionReason},
    standing_queue::StandingQueue,
};

/// The limits of one kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    /// Operations that run at a time.
    pub running: u32,
    /// The maximum of one caller, also while no other caller waits.
    pub running_per_caller: u32,
    /// Operations that wait, of all callers, in a burst.
    pub waiting: u32,
    /// The same in a standing queue.
    pub waiting_sustained: u32,
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
}

type Answer = Result<LimiterPermit, RejectionReason>;

#[derive(Debug, Default)]
struct State {
    running: u32,
    waiting: u32,
    next_ticket: u64,
    standing: StandingQueue,
    /// Callers with running or waiting operations.
    callers: HashMap<Caller, PerCaller>,
    /// Callers with waiting operations, in turn.
    turns: VecDeque<Caller>,
}

#[derive(Debug, Default)]
struct PerCaller {
    running: u32,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    since: Instant,
    answer: oneshot::Sender<Answer>,
}

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

    /// Waits for a permit, for `patience` at most.
    pub async fn acquire(self: &Arc<Self>, caller: Caller, patience: Duration) -> Answer {
        let (received, ticket) = {
            let mut state = self.state();
            if state.may_run(caller, &self.limits) {
                state.start(caller);
                // Only the queue of callers that use their share is long: it is no standing queue for the others.
                state.standing.observe_wait(Duration::ZERO);
                drop(state);
                self.metrics.used(1);
                return Ok(LimiterPermit { limiter: self.clone(), caller });
            }
            let displaced = if state.waiting < state.max_waiting(&self.limits) {
                None
            } else {
                state.standing.observe_full();
                match state.displace_for(caller) {
                    Ok(displaced) => Some(displaced),
                    Err(reason) => {
                        drop(state);
                        self.metrics.rejected(reason);
                        return Err(reason);
                    }
                }
            };
            let queued = state.enqueue(caller);
            drop(state);
            if let Some(displaced) = displaced {
                let _ = displaced.answer.send(Err(RejectionReason::Displaced));
            }
            queued
        };
        self.metrics.waiting(1);
        let _queued = QueuedOperation { limiter: self, caller, ticket };
        let answer = match tokio::time::timeout(patience, received).await {
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

    fn release(self: &Arc<Self>, caller: Caller) {
        let mut answers = Answers::new();
        {
            let mut state = self.state();
            state.finish(caller);
            while state.running < self.limits.running {
                let Some((caller, waiter)) = state.dequeue(&self.limits) else { break };
                state.start(caller);
                answers.push((waiter.answer, Ok(LimiterPermit { limiter: self.clone(), caller })));
            }
        }
        self.metrics.used(-1);
        for (waiter, answer) in answers {
            self.metrics.used(1);
            // A waiter that has gone away gives its permit back, when it is dropped here.
            let _ = waiter.send(answer);
        }
    }
}

impl State {
    fn may_run(&self, caller: Caller, limits: &ConcurrencyLimits) -> bool {
        self.running < limits.running
            && self
                .callers
                .get(&caller)
                .is_none_or(|own| own.running < limits.running_per_caller && own.waiting.is_empty())
    }

    /// How many operations may wait now.
    fn max_waiting(&mut self, limits: &ConcurrencyLimits) -> u32 {
        if self.standing.is_standing() { limits.waiting_sustained } else { limits.waiting }
    }

    fn leave_queue(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.standing.observe_empty();
        }
    }

    fn start(&mut self, caller: Caller) {
        self.running += 1;
        self.callers.entry(caller).or_default().running += 1;
    }

    fn finish(&mut self, caller: Caller) {
        self.running = self.running.saturating_sub(1);
        if let Some(own) = self.callers.get_mut(&caller) {
            own.running = own.running.saturating_sub(1);
        }
        self.forget_idle(caller);
    }

    fn forget_idle(&mut self, caller: Caller) {
        if self.callers.get(&caller).is_some_and(|own| own.running == 0 && own.waiting.is_empty()) {
            self.callers.remove(&caller);
        }
    }

    fn enqueue(&mut self, caller: Caller) -> (oneshot::Receiver<Answer>, u64) {
        let (answer, received) = oneshot::channel();
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let own = self.callers.entry(caller).or_default();
        if own.waiting.is_empty() {
            self.turns.push_back(caller);
        }
        own.waiting.push_back(Waiter { ticket, since: Instant::now(), answer });
        self.waiting += 1;
        (received, ticket)
    }

    /// The next operation to run, of the first caller in turn who may run another.
    fn dequeue(&mut self, limits: &ConcurrencyLimits) -> Option<(Caller, Waiter)> {
        let is_next =
            |caller: &Caller| self.callers.get(caller).is_some_and(|own| own.running < limits.running_per_caller);
        let turn = self.turns.iter().position(is_next)?;
        let caller = self.turns.remove(turn)?;
        let own = self.callers.get_mut(&caller)?;
        let waiter = own.waiting.pop_front()?;
        if !own.waiting.is_empty() {
            self.turns.push_back(caller);
        }
        self.standing.observe_wait(waiter.since.elapsed());
        self.leave_queue();
        Some((caller, waiter))
    }

    /// Removes the newest operation of the caller with the most waiting operations, if `caller` has fewer even with one more.
    fn displace_for(&mut self, caller: Caller) -> Result<Waiter, RejectionReason> {
        let waiting = |of: &Caller| self.callers.get(of).map_or(0, |own| own.waiting.len());
        let own = waiting(&caller);
        let most = self.turns.iter().copied().max_by_key(waiting).filter(|most| waiting(most) > own + 1);
        let displaced = most.and_then(|most| self.callers.get_mut(&most)?.waiting.pop_back());
        let has_most_of_the_queue = own * 2 > usize::try_from(self.waiting).unwrap_or(usize::MAX);
        let displaced = displaced.ok_or(if has_most_of_the_queue {
            RejectionReason::CallerShare
        } else {
            RejectionReason::QueueFull
        })?;
        self.leave_queue();
        Ok(displaced)
    }

    /// Removes an operation from the queue, unless it has left it already.
    fn remove(&mut self, caller: Caller, ticket: u64) {
        let Some(own) = self.callers.get_mut(&caller) else { return };
        let Some(place) = own.waiting.iter().position(|waiter| waiter.ticket == ticket) else { return };
        own.waiting.remove(place);
        let was_last = own.waiting.is_empty();
        self.leave_queue();
        if was_last {
            self.turns.retain(|in_turn| *in_turn != caller);
        }
        self.forget_idle(caller);
    }
}

impl Drop for LimiterPermit {
    fn drop(&mut self) {
        self.limiter.release(self.caller);
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
