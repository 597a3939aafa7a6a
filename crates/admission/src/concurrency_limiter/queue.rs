//! The operations of a limiter that run and wait, and who is next.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::{Answer, ConcurrencyLimits};
use crate::{Caller, limit_metrics::RejectionReason, standing_queue::StandingQueue};

/// How long an operation waits in a standing queue that is served newest first: three times the mean duration of an operation, within
/// these bounds. A queue in which no operation is expected to wait for longer than the least is served in order.
pub(super) const MIN_STANDING_WAIT: Duration = Duration::from_millis(50);
pub(super) const MAX_STANDING_WAIT: Duration = Duration::from_millis(500);
/// A queue that has been a standing one for less may be the backlog of a stall, which is served: the maximum wait applies.
pub(super) const STALL: Duration = Duration::from_secs(1);
/// The weight of the newest operation in the mean duration is one in so many.
const DURATIONS: u32 = 16;
/// How often such a queue is searched for operations that have waited for so long.
const EXPIRE_EVERY: Duration = Duration::from_millis(5);

/// Who runs, who waits and who is next.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) running: u32,
    pub(super) waiting: u32,
    next_ticket: u64,
    pub(super) standing: StandingQueue,
    /// Callers with running or waiting operations.
    pub(super) callers: HashMap<Caller, PerCaller>,
    /// Callers with waiting operations, in turn.
    pub(super) turns: VecDeque<Caller>,
    /// Exponentially weighted mean.
    mean_duration: Duration,
    expired_at: Option<Instant>,
}

/// Which operation of the queue is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Each caller's; callers take turns.
    OldestFirst,
    /// More arrive than are done, so some will be rejected whatever the order. The newest are answered in time.
    NewestFirst,
}

#[derive(Debug, Default)]
pub(super) struct PerCaller {
    running: u32,
    waiting: VecDeque<Waiter>,
}

#[derive(Debug)]
pub(super) struct Waiter {
    ticket: u64,
    since: Instant,
    pub(super) answer: oneshot::Sender<Answer>,
}

impl State {
    /// Whether an operation of `caller` need not wait.
    pub(super) fn may_run(&self, caller: Caller, limits: &ConcurrencyLimits) -> bool {
        self.running < limits.running
            && self
                .callers
                .get(&caller)
                .is_none_or(|own| own.running < limits.running_per_caller && own.waiting.is_empty())
    }

    /// The order in which the queue is served now.
    pub(super) fn order(&self, limits: &ConcurrencyLimits) -> Order {
        let is_long = self.waiting > limits.waiting_in_order && self.expected_wait() > MIN_STANDING_WAIT;
        if is_long && self.standing.age().is_some() { Order::NewestFirst } else { Order::OldestFirst }
    }

    /// How long a new operation would wait in a queue that is served in order (Little's law).
    fn expected_wait(&self) -> Duration {
        self.mean_duration * self.waiting / self.running.max(1)
    }

    fn leave_queue(&mut self) {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 {
            self.standing.observe_empty();
        }
    }

    pub(super) fn start(&mut self, caller: Caller) {
        self.running += 1;
        self.callers.entry(caller).or_default().running += 1;
    }

    pub(super) fn finish(&mut self, caller: Caller, duration: Duration) {
        self.mean_duration = if self.mean_duration.is_zero() {
            duration
        } else {
            (self.mean_duration * (DURATIONS - 1) + duration) / DURATIONS
        };
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

    /// Adds an operation to the queue; returns what it waits for, and its ticket.
    pub(super) fn enqueue(&mut self, caller: Caller, order: Order) -> (oneshot::Receiver<Answer>, u64) {
        let (answer, received) = oneshot::channel();
        self.next_ticket += 1;
        let ticket = self.next_ticket;
        let own = self.callers.entry(caller).or_default();
        if own.waiting.is_empty() {
            match order {
                Order::OldestFirst => self.turns.push_back(caller),
                Order::NewestFirst => self.turns.push_front(caller),
            }
        }
        own.waiting.push_back(Waiter { ticket, since: Instant::now(), answer });
        self.waiting += 1;
        (received, ticket)
    }

    /// The next operation to run, of the first caller in turn who may run another.
    pub(super) fn dequeue(&mut self, limits: &ConcurrencyLimits, order: Order) -> Option<(Caller, Waiter)> {
        let is_next =
            |caller: &Caller| self.callers.get(caller).is_some_and(|own| own.running < limits.running_per_caller);
        let turn = self.turns.iter().position(is_next)?;
        let caller = self.turns.remove(turn)?;
        let own = self.callers.get_mut(&caller)?;
        let waiter = match order {
            Order::OldestFirst => own.waiting.pop_front()?,
            Order::NewestFirst => own.waiting.pop_back()?,
        };
        if !own.waiting.is_empty() {
            self.turns.push_back(caller);
        }
        match order {
            Order::OldestFirst => self.standing.observe_wait(waiter.since.elapsed()),
            // The newest has not waited, but others have.
            Order::NewestFirst => self.standing.observe_excess(),
        }
        self.leave_queue();
        Some((caller, waiter))
    }

    /// Removes the operations that have waited too long in a standing queue.
    pub(super) fn expire(&mut self) -> Vec<Waiter> {
        if self.expired_at.is_some_and(|at| at.elapsed() < EXPIRE_EVERY) {
            return Vec::new();
        }
        self.expired_at = Some(Instant::now());
        let max_wait = match self.standing.age() {
            Some(age) if age >= STALL => (self.mean_duration * 3).clamp(MIN_STANDING_WAIT, MAX_STANDING_WAIT),
            Some(_) | None => MAX_STANDING_WAIT,
        };
        let Self { callers, turns, .. } = self;
        let mut expired = Vec::new();
        let mut idle = Vec::new();
        turns.retain(|caller| {
            let Some(own) = callers.get_mut(caller) else { return false };
            while own.waiting.front().is_some_and(|oldest| oldest.since.elapsed() >= max_wait) {
                expired.extend(own.waiting.pop_front());
            }
            if own.waiting.is_empty() {
                idle.push(*caller);
            }
            !own.waiting.is_empty()
        });
        for caller in idle {
            self.forget_idle(caller);
        }
        for _ in &expired {
            self.leave_queue();
        }
        expired
    }

    /// Removes an operation from the full queue, in favor of `caller`.
    pub(super) fn displace_for(&mut self, caller: Caller, order: Order) -> Result<Waiter, RejectionReason> {
        let displaced = match order {
            Order::OldestFirst => self.displace_newest(caller)?,
            Order::NewestFirst => self.displace_oldest().ok_or(RejectionReason::QueueFull)?,
        };
        self.leave_queue();
        Ok(displaced)
    }

    /// Of the caller with the most waiting operations, if `caller` has fewer even with one more.
    fn displace_newest(&mut self, caller: Caller) -> Result<Waiter, RejectionReason> {
        let waiting = |of: &Caller| self.callers.get(of).map_or(0, |own| own.waiting.len());
        let own = waiting(&caller);
        let most = self.turns.iter().copied().max_by_key(waiting).filter(|most| waiting(most) > own + 1);
        let displaced = most.and_then(|most| self.callers.get_mut(&most)?.waiting.pop_back());
        let has_most_of_the_queue = own * 2 > usize::try_from(self.waiting).unwrap_or(usize::MAX);
        displaced.ok_or(if has_most_of_the_queue { RejectionReason::CallerShare } else { RejectionReason::QueueFull })
    }

    /// Of the caller with the most waiting operations.
    fn displace_oldest(&mut self) -> Option<Waiter> {
        let waiting = |of: &Caller| self.callers.get(of).map_or(0, |own| own.waiting.len());
        // Of equals the last in turn: the newest callers are the first.
        let most = self.turns.iter().copied().max_by_key(waiting)?;
        let oldest = self.callers.get_mut(&most)?.waiting.pop_front();
        if self.callers.get(&most).is_none_or(|own| own.waiting.is_empty()) {
            self.turns.retain(|in_turn| *in_turn != most);
            self.forget_idle(most);
        }
        oldest
    }

    /// Removes an operation from the queue, unless it has left it already.
    pub(super) fn remove(&mut self, caller: Caller, ticket: u64) {
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
