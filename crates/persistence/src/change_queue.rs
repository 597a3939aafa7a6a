//! Per-key queue of changes: one change of a key runs at a time, and the others wait here instead of on a connection.
//!
//! PostgreSQL would make them wait too, on the owner's row, but each waiter would hold a connection of the pool meanwhile.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::group_commit::Arrival;

/// Queues by key. Clones share the same queues.
#[derive(Clone, Default)]
pub struct ChangeQueue(Arc<Mutex<HashMap<String, Waiters>>>);

/// The priority of a waiter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority<'a> {
    /// Before all others, in the order of arrival: the owner's own changes, and revocations.
    First,
    /// After those. Users take turns (round robin), so that one user's many changes delay another user by one at most.
    FairlyFor(&'a str),
}

/// What a change may read of the changes before it, of the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Only what is committed.
    ReadCommitted,
    /// On SQLite also what is about to be committed with it. Such a change ends with [`commit`](super::Change::commit) or
    /// [`roll_back`](super::Change::roll_back) before it returns anything that it has read.
    ReadUncommitted,
}

/// The permit to change the data of a key. Dropping it wakes the next waiter.
pub struct ChangePermit {
    queue: ChangeQueue,
    /// Empty after it was handed to the next waiter.
    key: Option<String>,
    /// Its holder will take the writer.
    arrival: Option<Arrival>,
    /// The change before has not committed yet: dropped unused, the permit comes back to it.
    handover: Option<Arc<Handover>>,
}

/// Between a change that is not committed and the next one of its key. Dropped by both, it wakes the next waiter if the permit came back.
struct Handover {
    queue: ChangeQueue,
    /// The key, if the permit was dropped before its change began.
    returned: Mutex<Option<String>>,
}

/// The changes before this one took longer than a caller may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueTimeout;

/// The waiters of a key in use.
#[derive(Default)]
struct Waiters {
    first: VecDeque<Waiter>,
    /// By user, in the order of their turns. No list is empty.
    others: VecDeque<(String, VecDeque<Waiter>)>,
}

struct Waiter {
    turn: oneshot::Sender<ChangePermit>,
    isolation: Isolation,
}

impl ChangeQueue {
    /// Waits until no other change of `key` runs in this process, for `wait` at most.
    pub async fn acquire(
        &self,
        key: String,
        priority: Priority<'_>,
        isolation: Isolation,
        wait: Duration,
    ) -> Result<ChangePermit, QueueTimeout> {
        let turn = {
            let mut queues = self.lock();
            match queues.get_mut(&key) {
                None => {
                    queues.insert(key.clone(), Waiters::default());
                    return Ok(ChangePermit::new(self.clone(), key, None));
                }
                Some(waiters) => waiters.push(priority, isolation),
            }
        };
        // A permit that arrives after the timeout is dropped with the channel, which wakes the next waiter.
        match timeout(wait, turn).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(QueueTimeout),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Waiters>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next waiter of `key`; without one the key is free.
    fn next(&self, key: &str) -> Option<Waiter> {
        let mut queues = self.lock();
        let next = queues.get_mut(key).and_then(Waiters::pop);
        if next.is_none() {
            queues.remove(key);
        }
        next
    }

    /// The next waiter of `key`, if it may read what is not committed.
    fn next_uncommitted(&self, key: &str) -> Option<Waiter> {
        let mut queues = self.lock();
        let waiters = queues.get_mut(key)?;
        let next = waiters.first.front().or_else(|| waiters.others.front()?.1.front())?;
        if next.isolation == Isolation::ReadUncommitted { waiters.pop() } else { None }
    }
}

impl Waiters {
    fn push(&mut self, priority: Priority<'_>, isolation: Isolation) -> oneshot::Receiver<ChangePermit> {
        let (sender, turn) = oneshot::channel();
        let waiter = Waiter { turn: sender, isolation };
        match priority {
            Priority::First => self.first.push_back(waiter),
            Priority::FairlyFor(user) => match self.others.iter_mut().find(|(name, _)| name == user) {
                Some((_, waiters)) => waiters.push_back(waiter),
                None => self.others.push_back((user.to_owned(), VecDeque::from([waiter]))),
            },
        }
        turn
    }

    fn pop(&mut self) -> Option<Waiter> {
        if let Some(waiter) = self.first.pop_front() {
            return Some(waiter);
        }
        let (user, mut waiters) = self.others.pop_front()?;
        let waiter = waiters.pop_front();
        if !waiters.is_empty() {
            self.others.push_back((user, waiters));
        }
        waiter
    }
}

impl ChangePermit {
    fn new(queue: ChangeQueue, key: String, handover: Option<Arc<Handover>>) -> Self {
        Self { queue, key: Some(key), arrival: None, handover }
    }

    /// With the registration of a change that will take the writer.
    pub(super) fn expecting(self, arrival: Option<Arrival>) -> Self {
        let mut permit = self;
        permit.arrival = arrival;
        permit
    }

    /// The change has taken the writer: it ends after the one before.
    pub(super) fn arrived(self) -> Self {
        let mut permit = self.expecting(None);
        permit.handover = None;
        permit
    }

    /// Hands the permit over before the commit, if the next waiter may read what is not committed. What is returned is kept until the
    /// commit.
    pub(super) fn hand_over(mut self) -> Self {
        let Some(key) = self.key.take() else { return self };
        let handover = Arc::new(Handover { queue: self.queue.clone(), returned: Mutex::default() });
        self.key = handover.offer(key);
        if self.key.is_none() {
            self.handover = Some(handover);
        }
        self
    }
}

impl Handover {
    /// Gives the permit of `key` to the next waiter that may read what is not committed; returns the key without one.
    fn offer(self: &Arc<Self>, mut key: String) -> Option<String> {
        while let Some(waiter) = self.queue.next_uncommitted(&key) {
            key = waiter.send(ChangePermit::new(self.queue.clone(), key, Some(self.clone())))?;
        }
        Some(key)
    }
}

impl Waiter {
    /// Sends a permit; returns its key if the waiter has gone away.
    fn send(self, permit: ChangePermit) -> Option<String> {
        let mut unused = self.turn.send(permit).err()?;
        // It must not wake the next waiter when it is dropped here.
        unused.key.take()
    }
}

impl ChangeQueue {
    /// Wakes the next waiter of `key`.
    fn release(&self, mut key: String) {
        while let Some(waiter) = self.next(&key) {
            match waiter.send(ChangePermit::new(self.clone(), key, None)) {
                Some(same) => key = same,
                None => return,
            }
        }
    }
}

impl Drop for ChangePermit {
    fn drop(&mut self) {
        let Some(key) = self.key.take() else { return };
        match self.handover.take() {
            None => self.queue.release(key),
            Some(handover) => {
                if let Some(key) = handover.offer(key) {
                    *handover.returned.lock().unwrap_or_else(PoisonError::into_inner) = Some(key);
                }
            }
        }
    }
}

impl Drop for Handover {
    fn drop(&mut self) {
        let returned = self.returned.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(key) = returned {
            self.queue.release(key);
        }
    }
}

impl fmt::Debug for ChangeQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeQueue({} keys in use)", self.lock().len())
    }
}

impl fmt::Display for QueueTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("timed out waiting for other changes of the same owner")
    }
}

impl std::error::Error for QueueTimeout {}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Duration = Duration::from_secs(30);
    const COMMITTED: Isolation = Isolation::ReadCommitted;

    /// Runs `waiters` against a key that is in use, and returns the order in which they got it.
    async fn order(waiters: &[Priority<'static>]) -> Vec<usize> {
        let queue = ChangeQueue::default();
        let held = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let done = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for (number, priority) in waiters.iter().copied().enumerate() {
            let (queue, done) = (queue.clone(), done.clone());
            tasks.push(tokio::spawn(async move {
                let permit = queue.acquire("ann".into(), priority, COMMITTED, WAIT).await.unwrap();
                done.lock().unwrap().push(number);
                drop(permit);
            }));
            // On the single thread of a test, it has queued before this continues.
            tokio::task::yield_now().await;
        }
        drop(held);
        for task in tasks {
            task.await.unwrap();
        }
        assert!(queue.lock().is_empty());
        Arc::try_unwrap(done).unwrap().into_inner().unwrap()
    }

    #[tokio::test]
    async fn first_priority_overtakes_others() {
        let bob = Priority::FairlyFor("bob");
        assert_eq!(order(&[bob, bob, Priority::First, Priority::First]).await, [2, 3, 0, 1]);
    }

    #[tokio::test]
    async fn users_take_turns() {
        let (bob, cyd) = (Priority::FairlyFor("bob"), Priority::FairlyFor("cyd"));
        assert_eq!(order(&[bob, bob, bob, cyd, cyd]).await, [0, 3, 1, 4, 2]);
    }

    #[tokio::test]
    async fn keys_do_not_wait_for_each_other() {
        let queue = ChangeQueue::default();
        let _ann = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let _bob = queue.acquire("bob".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
    }

    #[tokio::test]
    async fn cancelled_waiter_is_skipped() {
        let queue = ChangeQueue::default();
        let held = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let early = queue.acquire("ann".into(), Priority::First, COMMITTED, Duration::ZERO).await;
        assert_eq!(early.err(), Some(QueueTimeout));
        let waiting = tokio::spawn({
            let queue = queue.clone();
            async move { queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.is_ok() }
        });
        tokio::task::yield_now().await;
        drop(held);
        assert!(waiting.await.unwrap());
        assert!(queue.lock().is_empty());
    }
    #[tokio::test]
    async fn permit_is_handed_over_early_to_uncommitted_readers_only() {
        let queue = ChangeQueue::default();
        let wait = |isolation| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.acquire("ann".into(), Priority::First, isolation, WAIT).await.unwrap() })
        };
        let held = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let cancelled = wait(Isolation::ReadUncommitted);
        let uncommitted = wait(Isolation::ReadUncommitted);
        let committed = wait(COMMITTED);
        tokio::task::yield_now().await;
        cancelled.abort();
        tokio::task::yield_now().await;
        let before = held.hand_over();
        let kept = uncommitted.await.unwrap().arrived().hand_over();
        drop(before);
        tokio::task::yield_now().await;
        assert!(!committed.is_finished());
        drop(kept);
        // Without a waiter it is kept.
        let kept = committed.await.unwrap().hand_over();
        drop(kept);
        assert!(queue.lock().is_empty());
    }

    #[tokio::test]
    async fn unused_permit_waits_for_the_commit_before() {
        let queue = ChangeQueue::default();
        let wait = |isolation| {
            let queue = queue.clone();
            tokio::spawn(async move { queue.acquire("ann".into(), Priority::First, isolation, WAIT).await.unwrap() })
        };
        let held = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let first = wait(Isolation::ReadUncommitted);
        let second = wait(Isolation::ReadUncommitted);
        let committed = wait(COMMITTED);
        tokio::task::yield_now().await;
        let before = held.hand_over();
        // Both go away before their changes begin.
        drop(first.await.unwrap());
        drop(second.await.unwrap());
        tokio::task::yield_now().await;
        assert!(!committed.is_finished(), "it would read what is not committed");
        drop(before);
        drop(committed.await.unwrap());
        // The other way round: the commit is first.
        let held = queue.acquire("ann".into(), Priority::First, COMMITTED, WAIT).await.unwrap();
        let first = wait(Isolation::ReadUncommitted);
        let committed = wait(COMMITTED);
        tokio::task::yield_now().await;
        drop(held.hand_over());
        drop(first.await.unwrap());
        drop(committed.await.unwrap());
        assert!(queue.lock().is_empty());
    }
}
