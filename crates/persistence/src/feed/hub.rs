//! Distribution of the feed within a process: one reader feeds all watchers, so that watchers do not poll the database.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use metrics::{Counter, Gauge, counter, describe_counter, describe_gauge, gauge};
use runtime::{clock::Clock, shutdown::Shutdown};
use sea_orm::{DbBackend, DbErr};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use tracing::warn;

use super::{Epoch, EventRow, FeedPosition, FeedState, read::END_OF_CHANGE};
use crate::Database;

/// How often the feed is read for watchers, on PostgreSQL: other replicas give positions too.
const POLL: Duration = Duration::from_millis(20);
/// The same without watchers, and on SQLite, whose only writer wakes the reader.
const IDLE: Duration = Duration::from_millis(500);
/// How often the state of the feed is read.
const STATE_EVERY: Duration = Duration::from_secs(1);
/// Events that one read returns.
const SLICE: usize = 200;
/// A reader that has not reached the end of the feed for this long says nothing about it: no checkpoint is sent.
const STALE_AFTER: Duration = Duration::from_secs(3);
/// Events, and their bytes, that wait for one watcher. One that is slower is ended.
const MAX_QUEUED: usize = 1_024;
const MAX_QUEUED_BYTES: usize = 4 * 1024 * 1024;

const SUBSCRIBERS: &str = "change_feed_watchers";
const SLOW: &str = "change_feed_slow_watchers_total";
const POSITION: &str = "change_feed_position";
const READ_AT: &str = "change_feed_checkpoint_timestamp_seconds";
const PRUNED_TO: &str = "change_feed_pruned_to_position";

/// The reader of a process, and its watchers. Clones share them.
#[derive(Clone, Debug)]
pub struct FeedHub {
    database: Database,
    watchers: Arc<Mutex<Watchers>>,
    /// Every event up to it has been queued for its watchers.
    position: Arc<AtomicI64>,
    /// Every change that was committed before has been read; `None`: that is not known yet.
    read_at: Arc<Mutex<Option<Instant>>>,
    metrics: FeedMetrics,
    /// Read by every decision, which must not wait for the watchers.
    epoch: Arc<RwLock<Epoch>>,
}

/// The metrics of one feed; `ofself` has two.
#[derive(Clone, Debug)]
struct FeedMetrics {
    watchers: Gauge,
    slow: Counter,
    position: Gauge,
    read_at: Gauge,
    pruned_to: Gauge,
}

#[derive(Debug)]
struct Watchers {
    metrics: FeedMetrics,
    epoch: Epoch,
    next_id: u64,
    queues: HashMap<u64, Queue>,
    /// The watchers of all owners.
    unfiltered: Vec<u64>,
    by_owner: HashMap<String, Vec<u64>>,
}

#[derive(Debug)]
struct Queue {
    events: mpsc::Sender<Arc<EventRow>>,
    bytes: Arc<AtomicUsize>,
    owners: Vec<String>,
    end: Arc<Mutex<Option<SubscriptionEnd>>>,
}

/// Why a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscriptionEnd {
    /// The watcher did not take its events.
    TooSlow,
    /// The database was restored or promoted.
    NewEpoch,
    /// Events were pruned or erased before this process read them.
    Expired,
    /// The process ends.
    Shutdown,
}

/// The events after [`from`](Self::from), in order.
pub struct Subscription {
    hub: FeedHub,
    id: u64,
    events: mpsc::Receiver<Arc<EventRow>>,
    bytes: Arc<AtomicUsize>,
    end: Arc<Mutex<Option<SubscriptionEnd>>>,
    /// The position of the hub when it subscribed.
    pub from: i64,
    /// The epoch then.
    pub epoch: Epoch,
}

impl FeedHub {
    /// A hub that begins at the end of the feed.
    pub async fn start(database: Database) -> Result<Self, DbErr> {
        describe_gauge!(SUBSCRIBERS, "Open watch streams");
        describe_counter!(SLOW, "Watch streams that were ended because their reader was too slow");
        describe_gauge!(POSITION, "The last position of the change feed that this process has read");
        describe_gauge!(READ_AT, "When this process last read the change feed to its end, in Unix seconds");
        describe_gauge!(PRUNED_TO, "The last position of the change feed that was pruned");
        let metrics = FeedMetrics::of(&database.schema());
        metrics.watchers.set(0.0);
        let FeedState { epoch, last, .. } = database.feed_state().await?;
        let watchers = Watchers {
            metrics: metrics.clone(),
            epoch,
            next_id: 0,
            queues: HashMap::new(),
            unfiltered: Vec::new(),
            by_owner: HashMap::new(),
        };
        let (watchers, position) = (Arc::new(Mutex::new(watchers)), Arc::new(AtomicI64::new(last)));
        let read_at = Arc::default();
        Ok(Self { database, watchers, position, read_at, metrics, epoch: Arc::new(RwLock::new(epoch)) })
    }

    /// The database that it reads.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The position up to which events have been queued.
    pub fn position(&self) -> i64 {
        self.position.load(Ordering::SeqCst)
    }

    /// Whether changes may have been committed for some time that were not read.
    fn is_stale(&self) -> bool {
        let read_at = *self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.is_none_or(|at| at.elapsed() > STALE_AFTER)
    }

    /// The current epoch.
    pub fn epoch(&self) -> Epoch {
        *self.epoch.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Subscribes to the events of these owners; of all, if there are none.
    pub fn subscribe(&self, owners: &[String]) -> Subscription {
        let (sender, events) = mpsc::channel(MAX_QUEUED);
        let (bytes, end) = (Arc::default(), Arc::default());
        let mut watchers = self.watchers();
        watchers.next_id += 1;
        let id = watchers.next_id;
        let mut owners = owners.to_vec();
        owners.sort_unstable();
        owners.dedup();
        if owners.is_empty() {
            watchers.unfiltered.push(id);
        }
        for owner in &owners {
            watchers.by_owner.entry(owner.clone()).or_default().push(id);
        }
        let queue = Queue { events: sender, bytes: Arc::clone(&bytes), owners, end: Arc::clone(&end) };
        watchers.queues.insert(id, queue);
        self.metrics.watchers.increment(1.0);
        let (from, epoch) = (self.position(), watchers.epoch);
        drop(watchers);
        Subscription { hub: self.clone(), id, events, bytes, end, from, epoch }
    }

    /// Reads until the shutdown begins.
    pub async fn run(self, shutdown: Shutdown) {
        let is_postgres = self.database.writer.get_database_backend() == DbBackend::Postgres;
        let grew = if is_postgres { self.database.feed_grew.clone() } else { self.database.feed_changed.clone() };
        let mut state_at: Option<Instant> = None;
        loop {
            let has_watchers = !self.watchers().queues.is_empty();
            let wait = if is_postgres && has_watchers { POLL } else { IDLE };
            tokio::select! {
                () = shutdown.begun() => break,
                _ = timeout(wait, grew.notified()) => {}
            }
            let is_due = state_at.is_none_or(|at| at.elapsed() >= STATE_EVERY);
            if is_due {
                state_at = Some(Instant::now());
            }
            if !has_watchers && !is_due {
                continue;
            }
            if let Err(error) = self.read(is_due).await {
                // Watchers hear nothing meanwhile, and no checkpoint.
                warn!(%error, "cannot read the change feed; retrying");
                tokio::time::sleep(IDLE).await;
            }
        }
        self.watchers().end_all(SubscriptionEnd::Shutdown);
    }

    async fn read(&self, with_state: bool) -> Result<(), DbErr> {
        // Read first: a change without a position is not in the feed yet.
        let complete_at = self.database.sequenced_at();
        if with_state {
            let state = self.database.feed_state().await?;
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
            self.metrics.pruned_to.set(state.pruned_to as f64);
            self.follow_epoch(state);
        }
        loop {
            let after = FeedPosition { position: self.position(), seq: END_OF_CHANGE };
            // A slice is never cut within a change: the end of one is read until it is whole.
            let mut page = self.database.feed_after(after, i64::MAX, &[], SLICE).await?;
            while page.is_full && page.last.seq != END_OF_CHANGE {
                let rest = self.database.feed_after(page.last, page.last.position, &[], SLICE).await?;
                page.events.extend(rest.events);
                page.last = FeedPosition { position: page.last.position, ..rest.last };
                if !rest.is_full {
                    page.last.seq = END_OF_CHANGE;
                }
            }
            if page.last != after && !self.database.feed_state().await?.is_resumable(after) {
                // This process was away for so long that events were pruned or erased before it read them.
                self.watchers().end_all(SubscriptionEnd::Expired);
            }
            let is_full = page.is_full;
            self.dispatch(page.events, page.last.position);
            if !is_full {
                break;
            }
        }
        *self.read_at.lock().unwrap_or_else(PoisonError::into_inner) = complete_at;
        #[expect(clippy::cast_precision_loss, reason = "seconds are exact enough")]
        let now = Clock::system().now().utc().timestamp() as f64;
        if let Some(complete_at) = complete_at {
            self.metrics.read_at.set(now - complete_at.elapsed().as_secs_f64());
        }
        Ok(())
    }

    fn dispatch(&self, events: Vec<EventRow>, position: i64) {
        let mut watchers = self.watchers();
        for event in events {
            watchers.queue(&Arc::new(event));
        }
        self.position.store(position, Ordering::SeqCst);
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53")]
        self.metrics.position.set(position as f64);
    }

    /// Ends all subscriptions if the epoch has changed: positions that were given out may not exist.
    fn follow_epoch(&self, state: FeedState) {
        let mut watchers = self.watchers();
        if watchers.epoch == state.epoch {
            return;
        }
        watchers.epoch = state.epoch;
        *self.epoch.write().unwrap_or_else(PoisonError::into_inner) = state.epoch;
        watchers.end_all(SubscriptionEnd::NewEpoch);
        self.position.store(state.last, Ordering::SeqCst);
    }

    fn watchers(&self) -> MutexGuard<'_, Watchers> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeedMetrics {
    fn of(service: &Arc<str>) -> Self {
        let of = |name: &'static str| gauge!(name, "service" => service.clone());
        Self {
            watchers: of(SUBSCRIBERS),
            slow: counter!(SLOW, "service" => service.clone()),
            position: of(POSITION),
            read_at: of(READ_AT),
            pruned_to: of(PRUNED_TO),
        }
    }
}

impl Watchers {
    /// Queues an event for those who watch its owner.
    fn queue(&mut self, event: &Arc<EventRow>) {
        let of_owner = self.by_owner.get(&event.owner).map_or(&[][..], Vec::as_slice);
        let mut slow = Vec::new();
        for id in self.unfiltered.iter().chain(of_owner) {
            let Some(queue) = self.queues.get(id) else { continue };
            let bytes = queue.bytes.fetch_add(event.bytes, Ordering::SeqCst) + event.bytes;
            // One event alone may be larger.
            let is_too_much = bytes > MAX_QUEUED_BYTES && bytes > event.bytes;
            if is_too_much || queue.events.try_send(event.clone()).is_err() {
                slow.push(*id);
            }
        }
        for id in slow {
            self.metrics.slow.increment(1);
            self.remove(id, Some(SubscriptionEnd::TooSlow));
        }
    }

    fn end_all(&mut self, end: SubscriptionEnd) {
        let ids: Vec<_> = self.queues.keys().copied().collect();
        for id in ids {
            self.remove(id, Some(end));
        }
    }

    fn remove(&mut self, id: u64, end: Option<SubscriptionEnd>) {
        let Some(queue) = self.queues.remove(&id) else { return };
        self.metrics.watchers.decrement(1.0);
        if queue.owners.is_empty() {
            self.unfiltered.retain(|other| *other != id);
        }
        for owner in &queue.owners {
            if let Some(ids) = self.by_owner.get_mut(owner) {
                ids.retain(|other| *other != id);
                if ids.is_empty() {
                    self.by_owner.remove(owner);
                }
            }
        }
        *queue.end.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

impl Subscription {
    /// The next event; an error when the subscription has ended.
    pub async fn next(&mut self) -> Result<Arc<EventRow>, SubscriptionEnd> {
        match self.events.recv().await {
            Some(event) => {
                self.bytes.fetch_sub(event.bytes, Ordering::SeqCst);
                Ok(event)
            }
            None => Err(self.end.lock().unwrap_or_else(PoisonError::into_inner).unwrap_or(SubscriptionEnd::Shutdown)),
        }
    }

    /// A position up to which every event was taken; `None`: there are events to take, or the feed cannot be read.
    pub fn checkpoint(&self) -> Option<i64> {
        // Read first: what is queued after it has a higher position.
        let position = self.hub.position();
        (self.events.is_empty() && !self.hub.is_stale()).then_some(position)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.watchers().remove(self.id, None);
    }
}
