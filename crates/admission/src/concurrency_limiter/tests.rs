//! Who waits, who is next and who is rejected.

use std::{collections::VecDeque, future::poll_fn, pin::Pin, task::Poll};

use tokio::time::advance;

use super::{
    queue::{MAX_STANDING_WAIT, MIN_STANDING_WAIT, STALL},
    *,
};
use crate::standing_queue::{CALM, INTERVAL, TARGET};

const TIMEOUT: Duration = Duration::from_hours(1);

type Waiting<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

fn limiter(running: u32, running_per_caller: u32, waiting: u32) -> Arc<ConcurrencyLimiter> {
    ConcurrencyLimiter::new(
        "test",
        ConcurrencyLimits { running, running_per_caller, waiting, waiting_in_order: waiting },
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
    let mut waiting: Waiting<'_> = Box::pin(limiter.acquire(caller, TIMEOUT));
    assert!(now(&mut waiting).await.is_none(), "it must wait");
    waiting
}

#[tokio::test]
async fn operations_above_the_limit_wait_in_order() {
    let limiter = limiter(2, 2, 10);
    let [ann] = callers();
    let first = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let _second = limiter.acquire(ann, TIMEOUT).await.unwrap();
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
    let mut running = limiter.acquire(ann, TIMEOUT).await.unwrap();
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
    let running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut second = queued(&limiter, ann).await;
    assert!(limiter.acquire(bob, TIMEOUT).await.is_ok(), "another caller does not wait for it");
    assert!(now(&mut second).await.is_none());
    drop(running);
    assert!(now(&mut second).await.unwrap().is_ok());
}

#[tokio::test]
async fn full_queue_displaces_the_newest_of_the_caller_with_most() {
    let limiter = limiter(1, 1, 4);
    let [ann, bob, cyd] = callers();
    let running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut of_ann = Vec::new();
    for _ in 0..4 {
        of_ann.push(queued(&limiter, ann).await);
    }
    assert_eq!(limiter.acquire(ann, TIMEOUT).await.err(), Some(RejectionReason::CallerShare));
    let mut of_bob = queued(&limiter, bob).await;
    assert_eq!(now(&mut of_ann[3]).await.unwrap().err(), Some(RejectionReason::Displaced));
    let _second_of_bob = queued(&limiter, bob).await;
    assert_eq!(now(&mut of_ann[2]).await.unwrap().err(), Some(RejectionReason::Displaced));
    // Two of each: no caller has fewer.
    assert_eq!(limiter.acquire(bob, TIMEOUT).await.err(), Some(RejectionReason::QueueFull));
    let _of_cyd = queued(&limiter, cyd).await;
    drop(running);
    let is_next = [now(&mut of_ann[0]).await.is_some(), now(&mut of_bob).await.is_some()];
    assert_eq!(is_next, [true, false], "who waits longest is not displaced");
}

/// A limiter with one permit that is in use, whose queue is a standing one: bob and cyd wait.
async fn standing(limiter: &Arc<ConcurrencyLimiter>) -> (LimiterPermit, VecDeque<Waiting<'_>>) {
    let [ann, bob, cyd] = callers();
    let mut running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut waiting = VecDeque::new();
    for caller in [ann, bob, cyd, bob] {
        waiting.push_back(queued(limiter, caller).await);
    }
    for _ in 0..2 {
        advance(INTERVAL).await;
        drop(running);
        running = now(&mut waiting.pop_front().unwrap()).await.unwrap().unwrap();
    }
    (running, waiting)
}

#[tokio::test(start_paused = true)]
async fn long_standing_queue_is_served_newest_first() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 10, waiting_in_order: 1 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [ann, bob, cyd, dan] = callers();
    let (running, waiting) = standing(&limiter).await;
    drop(waiting);
    let mut of_ann = queued(&limiter, ann).await;
    let mut of_bob = queued(&limiter, bob).await;
    let mut of_cyd = queued(&limiter, cyd).await;
    let mut newest_of_cyd = queued(&limiter, cyd).await;
    let mut of_dan = queued(&limiter, dan).await;
    drop(running);
    let running = now(&mut of_dan).await.expect("the newest caller is next").unwrap();
    drop(running);
    let running = now(&mut newest_of_cyd).await.expect("the newest operation of the newest caller is next").unwrap();
    drop(running);
    let running = now(&mut of_ann).await.expect("callers take turns").unwrap();
    drop(running);
    let running = now(&mut of_bob).await.expect("callers take turns").unwrap();
    drop(running);
    assert!(now(&mut of_cyd).await.unwrap().is_ok());
}

/// Lets `count` operations run, one after the other.
async fn run(limiter: &Arc<ConcurrencyLimiter>, count: u32, duration: Duration) {
    let [ann] = callers();
    for _ in 0..count {
        let running = limiter.acquire(ann, TIMEOUT).await.unwrap();
        advance(duration).await;
        drop(running);
    }
}

#[tokio::test(start_paused = true)]
async fn long_standing_queue_rejects_what_waited_too_long() {
    // Three times the mean duration of an operation, within bounds.
    for (duration, max_wait) in [(1, MIN_STANDING_WAIT), (40, Duration::from_millis(120)), (400, MAX_STANDING_WAIT)] {
        let duration = Duration::from_millis(duration);
        let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 10_000, waiting_in_order: 0 };
        let limiter = ConcurrencyLimiter::new("test", limits);
        let [_, _, _, dan] = callers();
        run(&limiter, 100, duration).await;
        let (mut running, others) = standing(&limiter).await;
        drop(others);
        let mut waiting = VecDeque::new();
        while duration * u32::try_from(waiting.len()).unwrap() <= MIN_STANDING_WAIT {
            waiting.push_back((Instant::now(), queued(&limiter, dan).await));
        }
        let overloaded_since = Instant::now();
        let mut waited = Vec::new();
        while overloaded_since.elapsed() < STALL + MAX_STANDING_WAIT * 2 {
            for _ in 0..2 {
                waiting.push_back((Instant::now(), queued(&limiter, dan).await));
            }
            let mut newest = queued(&limiter, dan).await;
            advance(duration).await;
            drop(running);
            running = now(&mut newest).await.expect("the newest is next").unwrap();
            while let Some((since, oldest)) = waiting.front_mut()
                && let Some(answer) = now(oldest).await
            {
                assert_eq!(answer.err(), Some(RejectionReason::WaitedTooLong));
                waited.push(since.elapsed());
                waiting.pop_front();
            }
        }
        // The longer operations of `standing` count too.
        let latest = max_wait * 5 / 4 + duration + Duration::from_millis(10);
        let last = waited.last().copied().unwrap();
        assert!((max_wait..=latest).contains(&last), "{duration:?}: {last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn queue_with_acceptable_waits_is_served_in_order() {
    const DURATION: Duration = Duration::from_millis(2);
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 1_000, waiting_in_order: 0 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [_, _, _, dan] = callers();
    run(&limiter, 100, DURATION).await;
    let mut running = limiter.acquire(dan, TIMEOUT).await.unwrap();
    let mut waiting = VecDeque::new();
    // Each waits for 40 ms: a standing queue, also after a second.
    for _ in 0..20 {
        waiting.push_back(queued(&limiter, dan).await);
    }
    for _ in 0..1_000 {
        advance(DURATION).await;
        waiting.push_back(queued(&limiter, dan).await);
        drop(running);
        running = now(&mut waiting.pop_front().unwrap()).await.expect("in order").unwrap();
    }
    assert!(limiter.state().standing.age() > Some(STALL));
}

#[tokio::test(start_paused = true)]
async fn wait_is_estimated_by_all_that_run() {
    const DURATION: Duration = Duration::from_millis(20);
    let limits = ConcurrencyLimits { running: 2, running_per_caller: 2, waiting: 100, waiting_in_order: 0 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [_, _, _, dan] = callers();
    run(&limiter, 100, DURATION).await;
    let mut running = VecDeque::new();
    for _ in 0..2 {
        running.push_back(limiter.acquire(dan, TIMEOUT).await.unwrap());
    }
    // Four wait while two run: each for 40 ms.
    let mut waiting = VecDeque::new();
    for _ in 0..4 {
        waiting.push_back(queued(&limiter, dan).await);
    }
    for _ in 0..100 {
        advance(DURATION / 2).await;
        drop(running.pop_front());
        running.push_back(now(&mut waiting.pop_front().unwrap()).await.expect("in order").unwrap());
        waiting.push_back(queued(&limiter, dan).await);
    }
    assert!(limiter.state().standing.age() > Some(INTERVAL));
}

#[tokio::test(start_paused = true)]
async fn backlog_of_a_stall_is_served() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 10, waiting_in_order: 0 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [_, _, _, dan] = callers();
    let (mut running, waiting) = standing(&limiter).await;
    drop(waiting);
    let mut oldest = queued(&limiter, dan).await;
    for _ in 0..7 {
        let mut newest = queued(&limiter, dan).await;
        advance(MIN_STANDING_WAIT).await;
        drop(running);
        running = now(&mut newest).await.expect("the newest is next").unwrap();
    }
    drop(running);
    assert!(now(&mut oldest).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn full_standing_queue_displaces_the_oldest() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 2, waiting_in_order: 1 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [ann, bob] = callers();
    let mut running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut oldest = queued(&limiter, bob).await;
    let mut next = queued(&limiter, bob).await;
    for _ in 0..2 {
        advance(INTERVAL).await;
        drop(running);
        running = now(&mut oldest).await.unwrap().unwrap();
        oldest = std::mem::replace(&mut next, queued(&limiter, bob).await);
    }
    let mut newest = queued(&limiter, bob).await;
    assert_eq!(now(&mut oldest).await.unwrap().err(), Some(RejectionReason::Displaced));
    drop(running);
    assert!(now(&mut newest).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn short_standing_queue_is_served_in_order() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 10, waiting_in_order: 3 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [_, _, _, dan] = callers();
    let (running, mut waiting) = standing(&limiter).await;
    advance(MAX_STANDING_WAIT * 2).await;
    let mut of_dan = queued(&limiter, dan).await;
    drop(running);
    for oldest in &mut waiting {
        drop(now(oldest).await.expect("the oldest is next").unwrap());
    }
    assert!(now(&mut of_dan).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn queue_is_served_in_order_again_after_a_calm() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 10, waiting_in_order: 1 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [ann, bob, cyd] = callers();
    let (running, waiting) = standing(&limiter).await;
    drop(waiting);
    drop(running);
    advance(CALM).await;
    let running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut of_bob = queued(&limiter, bob).await;
    let _of_cyd = queued(&limiter, cyd).await;
    drop(running);
    assert!(now(&mut of_bob).await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn backlog_of_one_caller_is_no_standing_queue_of_others() {
    let limits = ConcurrencyLimits { running: 2, running_per_caller: 1, waiting: 10, waiting_in_order: 0 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [ann, bob] = callers();
    let mut running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut waiting = VecDeque::from([queued(&limiter, ann).await]);
    for _ in 0..10 {
        advance(INTERVAL / 2).await;
        waiting.push_back(queued(&limiter, ann).await);
        drop(running);
        running = now(&mut waiting.pop_front().unwrap()).await.expect("in order").unwrap();
        // The other half of the capacity is free.
        drop(limiter.acquire(bob, TIMEOUT).await.unwrap());
    }
}

#[tokio::test(start_paused = true)]
async fn short_waits_make_no_standing_queue() {
    let limits = ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 4, waiting_in_order: 0 };
    let limiter = ConcurrencyLimiter::new("test", limits);
    let [ann, bob] = callers();
    let mut running = limiter.acquire(ann, TIMEOUT).await.unwrap();
    let mut waiting = VecDeque::from([queued(&limiter, bob).await]);
    for _ in 0..100 {
        advance(TARGET / 2).await;
        // The queue is never empty.
        waiting.push_back(queued(&limiter, bob).await);
        drop(running);
        running = now(&mut waiting.pop_front().unwrap()).await.expect("in order").unwrap();
    }
}

#[tokio::test]
async fn abandoned_and_late_operations_leave_the_queue() {
    let limiter = limiter(1, 1, 2);
    let [ann, bob] = callers();
    let running = limiter.acquire(ann, TIMEOUT).await.unwrap();
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
