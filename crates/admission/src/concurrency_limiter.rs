//! Concurrency limiter with a short bounded queue that is fair between callers, one for each kind of operation.
//!
//! Up to a limit operations run; further ones wait. Each caller's wait in their order, and callers take turns, so the share of a
//! caller binds only while others wait. The queue absorbs bursts. A standing queue only adds latency, so its bound is lower; it is
//! recognized as RFC 8289 does. When it is full, the caller with the most waiting operations loses the newest of them. Why this is code of ours:
//! `docs/decisions/0012-concurrency-limit-with-a-fair-queue.md`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use crate::{
    Caller,
    limit_metrics::{LimitMetrics, RejectionReason},
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

/// An acceptable wait in the queue (TARGET of RFC 8289).
const TARGET: Duration = Duration::from_millis(5);
/// A queue in which every operation waits longer than [`TARGET`] for this long is a standing queue (INTERVAL of RFC 8289, which is 100 ms
/// there; at 70 % load the backlog of a stall of 100 ms takes longer to drain).
const INTERVAL: Duration = Duration::from_millis(250);
/// A queue without such a wait and without a rejection for this long is no longer a standing queue.
const CALM: Duration = Duration::from_millis(100);

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
    /// Since when each operation has waited longer than [`TARGET`].
    above_target_since: Option<Instant>,
    /// When the standing queue last was one; `None`: it is none.
    standing_at: Option<Instant>,
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
                drop(state);
                self.metrics.used(1);
                return Ok(LimiterPermit { limiter: self.clone(), caller });
            }
            let displaced = if state.waiting < state.max_waiting(&self.limits) {
                None
            } else {
                if let Some(at) = &mut state.standing_at {
                    *at = Instant::now();
                }
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
        if self.standing_at.is_some_and(|at| at.elapsed() >= CALM) {
            self.standing_at = None;
        }
        if self.standing_at.is_some() { limits.waiting_sustained } else { limits.waiting }
    }

    /// Records that an operation left the queue to run after `wait`.
    fn observe_wait(&mut self, wait: Duration) {
        if wait < TARGET {
            self.above_target_since = None;
            return;
        }
        let since = *self.above_target_since.get_or_insert_with(Instant::now);
        if since.elapsed() >= INTERVAL {
            self.standing_at = Some(Instant::now());
        }
    }

    fn leave_queue(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.above_target_since = None;
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
        self.observe_wait(waiter.since.elapsed());
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
mod tests {
    use std::{future::poll_fn, pin::Pin, task::Poll};

    use tokio::time::advance;

    use super::*;

    const PATIENCE: Duration = Duration::from_hours(1);

    type Waiting<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

    fn limiter(running: u32, running_per_caller: u32, waiting: u32) -> Arc<ConcurrencyLimiter> {
        ConcurrencyLimiter::new(
            "test",
            ConcurrencyLimits { running, running_per_caller, waiting, waiting_sustained: waiting },
        )
    }

    fn callers<const N: usize>() -> [Caller; N] {
        std::array::from_fn(|number| Caller::new(&number))
    }

    /// The answer of `future`, if it has one.
    async fn now<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Option<F::Output> {
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(answer) => Poll::Ready(Some(answer)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    /// An operation that waits in the queue.
    async fn queued(limiter: &Arc<ConcurrencyLimiter>, caller: Caller) -> Waiting<'_> {
        let mut waiting: Waiting<'_> = Box::pin(limiter.acquire(caller, PATIENCE));
        assert!(now(&mut waiting).await.is_none(), "it must wait");
        waiting
    }

    #[tokio::test]
    async fn operations_above_the_limit_wait_in_order() {
        let limiter = limiter(2, 2, 10);
        let [ann] = callers();
        let first = limiter.acquire(ann, PATIENCE).await.unwrap();
        let _second = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut third = queued(&limiter, ann).await;
        let mut fourth = queued(&limiter, ann).await;
        drop(first);
        assert!(now(&mut fourth).await.is_none());
        let third = now(&mut third).await.unwrap().unwrap();
        drop(third);
        assert!(now(&mut fourth).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn callers_take_turns() {
        let limiter = limiter(1, 1, 10);
        let [ann, bob, cyd] = callers();
        let mut running = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut waiting = Vec::new();
        for caller in [ann, ann, ann, bob, bob, cyd] {
            waiting.push((caller, queued(&limiter, caller).await));
        }
        let mut order = Vec::new();
        while !waiting.is_empty() {
            drop(running);
            let mut next = None;
            for (place, (_, waiter)) in waiting.iter_mut().enumerate() {
                if let Some(answer) = now(waiter).await {
                    next = Some((place, answer.unwrap()));
                    break;
                }
            }
            let (place, permit) = next.unwrap();
            order.push(waiting.remove(place).0);
            running = permit;
        }
        assert_eq!(order, [ann, bob, cyd, ann, bob, ann]);
    }

    #[tokio::test]
    async fn caller_runs_no_more_than_its_limit() {
        let limiter = limiter(4, 1, 10);
        let [ann, bob] = callers();
        let running = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut second = queued(&limiter, ann).await;
        assert!(limiter.acquire(bob, PATIENCE).await.is_ok(), "another caller does not wait for it");
        assert!(now(&mut second).await.is_none());
        drop(running);
        assert!(now(&mut second).await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn full_queue_displaces_the_newest_of_the_caller_with_most() {
        let limiter = limiter(1, 1, 4);
        let [ann, bob, cyd] = callers();
        let running = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut of_ann = Vec::new();
        for _ in 0..4 {
            of_ann.push(queued(&limiter, ann).await);
        }
        assert_eq!(limiter.acquire(ann, PATIENCE).await.err(), Some(RejectionReason::CallerShare));
        let mut of_bob = queued(&limiter, bob).await;
        assert_eq!(now(&mut of_ann[3]).await.unwrap().err(), Some(RejectionReason::Displaced));
        let _second_of_bob = queued(&limiter, bob).await;
        assert_eq!(now(&mut of_ann[2]).await.unwrap().err(), Some(RejectionReason::Displaced));
        // Two of each: no caller has fewer.
        assert_eq!(limiter.acquire(bob, PATIENCE).await.err(), Some(RejectionReason::QueueFull));
        let _of_cyd = queued(&limiter, cyd).await;
        drop(running);
        let is_next = [now(&mut of_ann[0]).await.is_some(), now(&mut of_bob).await.is_some()];
        assert_eq!(is_next, [true, false], "who waits longest is not displaced");
    }

    #[tokio::test(start_paused = true)]
    async fn standing_queue_has_a_lower_bound_until_it_is_calm() {
        let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 4, waiting_sustained: 2 };
        let limiter = ConcurrencyLimiter::new("test", limits);
        let [ann, bob, cyd] = callers();
        let mut running = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut waiting = VecDeque::new();
        for caller in [bob, cyd, ann, bob] {
            waiting.push_back(queued(&limiter, caller).await);
        }
        assert_eq!(
            limiter.acquire(bob, PATIENCE).await.err(),
            Some(RejectionReason::QueueFull),
            "a burst is bounded too"
        );
        for _ in 0..2 {
            advance(INTERVAL).await;
            drop(running);
            running = now(&mut waiting.pop_front().unwrap()).await.unwrap().unwrap();
        }
        // Two wait, and each operation has waited for longer than the target.
        assert_eq!(limiter.acquire(cyd, PATIENCE).await.err(), Some(RejectionReason::QueueFull));
        for mut last in waiting {
            drop(running);
            running = now(&mut last).await.unwrap().unwrap();
        }
        // The queue is empty, but was a standing one just now.
        let mut burst = vec![queued(&limiter, ann).await, queued(&limiter, bob).await];
        assert_eq!(limiter.acquire(cyd, PATIENCE).await.err(), Some(RejectionReason::QueueFull));
        advance(CALM).await;
        for caller in [cyd, ann] {
            burst.push(queued(&limiter, caller).await);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn short_waits_make_no_standing_queue() {
        let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 4, waiting_sustained: 0 };
        let limiter = ConcurrencyLimiter::new("test", limits);
        let [ann, bob, _] = callers();
        let mut running = limiter.acquire(ann, PATIENCE).await.unwrap();
        let mut waiting = VecDeque::from([queued(&limiter, bob).await]);
        for _ in 0..100 {
            advance(TARGET / 2).await;
            // The queue is never empty.
            waiting.push_back(queued(&limiter, bob).await);
            drop(running);
            running = now(&mut waiting.pop_front().unwrap()).await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn abandoned_and_late_operations_leave_the_queue() {
        let limiter = limiter(1, 1, 2);
        let [ann, bob] = callers();
        let running = limiter.acquire(ann, PATIENCE).await.unwrap();
        assert_eq!(
            limiter.acquire(bob, Duration::from_millis(1)).await.err(),
            Some(RejectionReason::WaitedTooLong),
            "it waits no longer than it can"
        );
        for _ in 0..10 {
            drop(queued(&limiter, bob).await);
        }
        let abandoned = queued(&limiter, ann).await;
        drop(running);
        // It was given a permit, and is dropped without having looked.
        drop(abandoned);
        assert!(limiter.acquire(bob, Duration::ZERO).await.is_ok());
        let state = limiter.state();
        assert!(state.callers.is_empty() && state.turns.is_empty() && (state.running, state.waiting) == (0, 0));
    }
}
