//! Concurrency limiter with a short bounded queue that is fair between callers, one for each kind of operation.
//!
//! Up to a limit operations run; further ones wait. Each caller's wait in their order, and callers take turns, so the share of a
//! caller binds only while others wait. When the queue is full, the caller with the most waiting operations loses the newest of
//! them. Why this is code of ours: `docs/decisions/0012-concurrency-limit-with-a-fair-queue.md`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::{
    Caller,
    limit_metrics::{LimitMetrics, RejectionReason},
};

/// The limits of one kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConcurrencyLimits {
    /// Operations that run at a time.
    pub running: u32,
    /// Of these, how many one caller may run, also while nobody else waits.
    pub running_per_caller: u32,
    /// Operations that wait, of all callers.
    pub waiting: u32,
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
    answer: oneshot::Sender<Answer>,
}

/// An operation in the queue; leaves it when dropped.
struct QueuedOperation<'a> {
    limiter: &'a ConcurrencyLimiter,
    caller: Caller,
    ticket: u64,
}

/// Answers to send after the lock is released: a permit that nobody receives takes the lock when it is dropped.
type Answers = Vec<(oneshot::Sender<Answer>, Answer)>;

impl ConcurrencyLimiter {
    /// A limiter of the operations called `name` in metrics.
    pub fn new(name: &'static str, limits: ConcurrencyLimits) -> Arc<Self> {
        let metrics = LimitMetrics::new(name, u64::from(limits.running));
        Arc::new(Self { limits, state: Mutex::default(), metrics })
    }

    /// Waits for a permit, for `patience` at most.
    pub async fn acquire(self: &Arc<Self>, caller: Caller, patience: Duration) -> Answer {
        let (received, ticket) = {
            let mut state = self.state();
            if state.may_run(caller, &self.limits) {
                state.start(caller);
                drop(state);
                self.metrics.used(1);
                return Ok(LimiterPermit { limiter: self.clone(), caller });
            }
            let displaced = if state.waiting < self.limits.waiting {
                None
            } else {
                match state.displace_for(caller) {
                    Some(displaced) => Some(displaced),
                    None => {
                        drop(state);
                        self.metrics.rejected(RejectionReason::QueueFull);
                        return Err(RejectionReason::QueueFull);
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
        own.waiting.push_back(Waiter { ticket, answer });
        self.waiting += 1;
        (received, ticket)
    }

    /// The next operation to run, of the first caller in turn who may run another.
    fn dequeue(&mut self, limits: &ConcurrencyLimits) -> Option<(Caller, Waiter)> {
        let is_next = |caller: &Caller| {
            self.callers.get(caller).is_some_and(|own| own.running < limits.running_per_caller)
        };
        let turn = self.turns.iter().position(is_next)?;
        let caller = self.turns.remove(turn)?;
        let own = self.callers.get_mut(&caller)?;
        let waiter = own.waiting.pop_front()?;
        if !own.waiting.is_empty() {
            self.turns.push_back(caller);
        }
        self.waiting -= 1;
        Some((caller, waiter))
    }

    /// Takes the newest operation of the caller with the most waiting ones out of the queue, if that leaves room that `caller` has a
    /// better claim to.
    fn displace_for(&mut self, caller: Caller) -> Option<Waiter> {
        let waiting = |of: &Caller| self.callers.get(of).map_or(0, |own| own.waiting.len());
        let most = *self.turns.iter().max_by_key(|of| waiting(of))?;
        if waiting(&most) <= waiting(&caller) + 1 {
            return None;
        }
        let displaced = self.callers.get_mut(&most)?.waiting.pop_back()?;
        self.waiting -= 1;
        Some(displaced)
    }

    /// Removes an operation from the queue, unless it has left it already.
    fn remove(&mut self, caller: Caller, ticket: u64) {
        let Some(own) = self.callers.get_mut(&caller) else { return };
        let Some(place) = own.waiting.iter().position(|waiter| waiter.ticket == ticket) else { return };
        own.waiting.remove(place);
        self.waiting -= 1;
        if own.waiting.is_empty() {
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
