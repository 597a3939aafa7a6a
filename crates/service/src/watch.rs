//! Watch streams over the change feed: a snapshot, then changes, then checkpoints.

use std::{fmt, time::Duration};

use persistence::feed::{
    END_OF_CHANGE, Epoch, EventRow, FeedHub, FeedPosition, FeedState, ResumeToken, SnapshotKey, Subscription,
    SubscriptionEnd,
};
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at, sleep},
};
use types::{FieldErrors, Id, MAX_LIST, User};

/// How often an idle stream sends a checkpoint.
const CHECKPOINT_EVERY: Duration = Duration::from_millis(900);
/// How often, and after what time, a watch looks whether the hub has seen a new epoch.
const EPOCH_ATTEMPTS: usize = 20;
const EPOCH_WAIT: Duration = Duration::from_millis(200);
/// How long the end of a snapshot waits for the positions of the changes that it may show.
const SEQUENCED_WITHIN: Duration = Duration::from_secs(30);
/// Events of one read of the database, while a stream catches up.
const PAGE: usize = 100;
/// Messages that wait for the connection.
const AHEAD: usize = 16;

/// What the rows of a service are to its watchers.
pub trait WatchSource: Send + Sync + 'static {
    /// A change.
    type Event: Send + 'static;
    /// A row of a snapshot.
    type Row: Send + 'static;

    /// The event of a row; `None`: the watcher did not ask for it.
    fn event(&self, row: &EventRow) -> anyhow::Result<Option<Self::Event>>;

    /// The rows of a snapshot after a key, in the order of their keys.
    fn snapshot(&self, after: SnapshotKey) -> impl Future<Output = anyhow::Result<SnapshotPage<Self::Row>>> + Send;
}

/// A part of a snapshot.
pub struct SnapshotPage<Row> {
    /// Rows with their keys.
    pub rows: Vec<(SnapshotKey, Row)>,
    /// The key after which to go on; `None`: this part is the last.
    pub next: Option<SnapshotKey>,
}

/// Where a watch begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WatchStart {
    /// With the next change.
    Now,
    /// With a snapshot of all rows.
    Beginning,
    /// After an earlier message.
    Token(ResumeToken),
}

impl WatchStart {
    /// Reads where a watch begins.
    pub fn parse(after_token: &str, from_beginning: bool, errors: &mut FieldErrors) -> Self {
        match (after_token, from_beginning) {
            ("", false) => Self::Now,
            ("", true) => Self::Beginning,
            (_, true) => {
                errors.add("from_beginning", "must not be set together with `after_token`");
                Self::Beginning
            }
            (token, false) => ResumeToken::parse(token).map_or_else(
                |error| {
                    errors.add("after_token", error.to_string());
                    Self::Now
                },
                Self::Token,
            ),
        }
    }
}

/// Checks the ids in the list `field` of a filter.
pub fn check_ids(ids: &[String], field: &str, errors: &mut FieldErrors) {
    if ids.len() > MAX_LIST {
        errors.add(field, format!("must hold at most {MAX_LIST} entries"));
        return;
    }
    for (index, id) in ids.iter().enumerate() {
        // The ids of all kinds have one shape.
        if let Err(error) = Id::<User>::check(id) {
            errors.add(format!("{field}[{index}]"), error.to_string());
        }
    }
}

/// A message of a watch.
pub struct WatchMessage<Event, Row> {
    /// The token to resume after it.
    pub token: String,
    /// Its content.
    pub content: WatchContent<Event, Row>,
}

/// The content of a message.
pub enum WatchContent<Event, Row> {
    /// A change.
    Event(Event),
    /// A row as it was when it was read.
    Snapshot(Row),
    /// The snapshot is complete; changes follow.
    SnapshotEnd,
    /// Every earlier change was sent.
    Checkpoint,
}

/// Why a watch did not begin, or ended.
#[derive(Debug)]
pub enum WatchError {
    /// The token is of another epoch: the database was restored. Begin with a snapshot.
    OtherEpoch,
    /// Changes after the token were pruned. Begin with a snapshot.
    Expired,
    /// The watcher did not take its messages.
    TooSlow,
    /// The process ends.
    Shutdown,
    /// The database does not respond.
    Unavailable(anyhow::Error),
}

/// The messages of a watch of the source `S`.
pub type WatchReceiver<S> =
    mpsc::Receiver<Result<WatchMessage<<S as WatchSource>::Event, <S as WatchSource>::Row>, WatchError>>;
type Sender<S> = mpsc::Sender<Result<WatchMessage<<S as WatchSource>::Event, <S as WatchSource>::Row>, WatchError>>;

/// A watch that may begin.
pub struct Watch<S> {
    hub: FeedHub,
    source: S,
    owners: Vec<String>,
    epoch: Epoch,
    at: FeedPosition,
    /// The highest position of a change that a row of its snapshot may show.
    seen: i64,
    snapshot: Option<SnapshotKey>,
}

/// The receiver is gone, or the watch ends with an error.
enum Ended {
    Receiver,
    Error(WatchError),
}

impl<S: WatchSource> Watch<S> {
    /// Checks where it begins. `owners`: only their rows, unless there are none.
    pub async fn begin(hub: FeedHub, source: S, owners: Vec<String>, start: WatchStart) -> Result<Self, WatchError> {
        // The hub may not have read all of it yet.
        let state = hub.database().feed_state().await.map_err(|error| WatchError::Unavailable(error.into()))?;
        let (epoch, now) = (state.epoch, FeedPosition { position: state.last, seq: END_OF_CHANGE });
        let (at, seen, snapshot) = match start {
            WatchStart::Now => (now, now.position, None),
            WatchStart::Beginning => (now, now.position, Some(SnapshotKey::default())),
            WatchStart::Token(token) => {
                check(&hub, state, &token).await?;
                (token.position, token.seen, token.snapshot)
            }
        };
        Ok(Self { hub, source, owners, epoch, at, seen, snapshot })
    }

    /// Sends messages until the receiver is dropped.
    pub fn run(self) -> WatchReceiver<S> {
        let (messages, receiver) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let closed = messages.clone();
            let ended = tokio::select! {
                () = closed.closed() => return,
                ended = self.send_all(&messages) => ended,
            };
            if let Err(Ended::Error(error)) = ended {
                // A receiver that is gone needs no reason.
                let _ = messages.send(Err(error)).await;
            }
        });
        receiver
    }

    async fn send_all(mut self, messages: &Sender<S>) -> Result<(), Ended> {
        if let Some(key) = self.snapshot.take() {
            self.send_snapshot(key, messages).await?;
        }
        // Before the subscription, so that few changes have to wait in its queue.
        self.catch_up(self.hub.position(), messages).await?;
        let mut subscription = self.subscribe().await?;
        self.catch_up(subscription.from, messages).await?;
        let mut checkpoints = interval_at(Instant::now() + CHECKPOINT_EVERY, CHECKPOINT_EVERY);
        checkpoints.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let event = tokio::select! {
                biased;
                event = subscription.next() => Some(event.map_err(|end| Ended::Error(end.into()))?),
                _ = checkpoints.tick() => None,
            };
            match event {
                Some(event) => self.send_event(&event, messages).await?,
                None => {
                    if let Some(position) = subscription.checkpoint() {
                        self.at = self.at.max(FeedPosition { position, seq: END_OF_CHANGE });
                        self.send(self.token(None), WatchContent::Checkpoint, messages).await?;
                    }
                }
            }
        }
    }

    /// Subscribes once the hub has seen the epoch of this watch.
    async fn subscribe(&self) -> Result<Subscription, Ended> {
        for _ in 0..EPOCH_ATTEMPTS {
            let subscription = self.hub.subscribe(&self.owners);
            if subscription.epoch == self.epoch {
                return Ok(subscription);
            }
            sleep(EPOCH_WAIT).await;
        }
        Err(Ended::Error(WatchError::OtherEpoch))
    }

    /// Pages by key, without an open transaction: rows that change meanwhile are events after the noted position.
    async fn send_snapshot(&mut self, mut key: SnapshotKey, messages: &Sender<S>) -> Result<(), Ended> {
        loop {
            let page = self.source.snapshot(key).await.map_err(unavailable)?;
            for (key, row) in page.rows {
                self.send(self.token(Some(key)), WatchContent::Snapshot(row), messages).await?;
            }
            match page.next {
                Some(next) => key = next,
                None => break,
            }
        }
        // Positions are given after the commit: rows may show changes that are not in the feed yet.
        self.seen = self.hub.database().last_position_of_committed(SEQUENCED_WITHIN).await.map_err(unavailable)?;
        self.send(self.token(None), WatchContent::SnapshotEnd, messages).await
    }

    /// Sends the changes up to the position `to` from the database.
    async fn catch_up(&mut self, to: i64, messages: &Sender<S>) -> Result<(), Ended> {
        loop {
            let database = self.hub.database();
            // Never beyond the last position: it may be given to a change that is yet to come.
            let last = database.feed_state().await.map_err(unavailable)?.last;
            let end = FeedPosition { position: to.min(last), seq: END_OF_CHANGE };
            if self.at >= end {
                return Ok(());
            }
            let page = database.feed_after(self.at, end.position, &self.owners, PAGE).await.map_err(unavailable)?;
            let state = database.feed_state().await.map_err(unavailable)?;
            if state.epoch != self.epoch {
                return Err(Ended::Error(WatchError::OtherEpoch));
            }
            if !state.is_resumable(self.at) {
                return Err(Ended::Error(WatchError::Expired));
            }
            for event in &page.events {
                self.send_event(event, messages).await?;
            }
            self.at = if page.is_full { page.last } else { end };
        }
    }

    async fn send_event(&mut self, row: &EventRow, messages: &Sender<S>) -> Result<(), Ended> {
        // Never twice.
        if row.at <= self.at {
            return Ok(());
        }
        self.at = row.at;
        match self.source.event(row).map_err(unavailable)? {
            Some(event) => self.send(self.token(None), WatchContent::Event(event), messages).await,
            None => Ok(()),
        }
    }

    async fn send(
        &self,
        token: String,
        content: WatchContent<S::Event, S::Row>,
        messages: &Sender<S>,
    ) -> Result<(), Ended> {
        messages.send(Ok(WatchMessage { token, content })).await.map_err(|_| Ended::Receiver)
    }

    fn token(&self, snapshot: Option<SnapshotKey>) -> String {
        let seen = self.seen.max(self.at.position);
        ResumeToken { epoch: self.epoch, position: self.at, seen, snapshot }.to_string()
    }
}

/// Whether every change after a token is there.
async fn check(hub: &FeedHub, state: FeedState, token: &ResumeToken) -> Result<(), WatchError> {
    let ResumeToken { epoch, position: at, seen, snapshot } = token;
    let (epoch, at) = (*epoch, *at);
    if epoch != state.epoch && snapshot.is_some() {
        // Rows that were sent may be newer than what is left.
        return Err(WatchError::OtherEpoch);
    }
    let last = if epoch == state.epoch {
        Some(state.last)
    } else {
        hub.database().feed_epoch_end(epoch).await.map_err(|error| WatchError::Unavailable(error.into()))?
    };
    if last.is_none_or(|last| at.position.max(*seen) > last) {
        return Err(WatchError::OtherEpoch);
    }
    if state.is_resumable(at) { Ok(()) } else { Err(WatchError::Expired) }
}

fn unavailable(error: impl Into<anyhow::Error>) -> Ended {
    Ended::Error(WatchError::Unavailable(error.into()))
}

impl From<SubscriptionEnd> for WatchError {
    fn from(end: SubscriptionEnd) -> Self {
        match end {
            SubscriptionEnd::TooSlow => Self::TooSlow,
            SubscriptionEnd::NewEpoch => Self::OtherEpoch,
            SubscriptionEnd::Expired => Self::Expired,
            SubscriptionEnd::Shutdown => Self::Shutdown,
        }
    }
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherEpoch => "the database was restored since this token; watch from the beginning",
            Self::Expired => "changes after this token are no longer kept; watch from the beginning",
            Self::TooSlow => "the watcher did not keep up; resume after its last token",
            Self::Shutdown => "this replica is shutting down; resume after the last token",
            Self::Unavailable(_) => "changes cannot be read at the moment; resume after the last token",
        })
    }
}

impl std::error::Error for WatchError {}

impl WatchError {
    /// The reason of the error, in the contract.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::OtherEpoch => "TOKEN_OF_ANOTHER_EPOCH",
            Self::Expired => "TOKEN_EXPIRED",
            Self::TooSlow => "WATCHER_TOO_SLOW",
            Self::Shutdown | Self::Unavailable(_) => "SERVICE_UNAVAILABLE",
        }
    }

    /// The gRPC code.
    pub fn code(&self) -> tonic::Code {
        match self {
            Self::OtherEpoch | Self::Expired => tonic::Code::OutOfRange,
            Self::TooSlow => tonic::Code::ResourceExhausted,
            Self::Shutdown | Self::Unavailable(_) => tonic::Code::Unavailable,
        }
    }

    /// As a status of the error domain `domain`.
    pub fn into_status(self, domain: &str) -> tonic::Status {
        if let Self::Unavailable(cause) = &self {
            tracing::warn!(cause = format!("{cause:#}"), "cannot read changes for a watcher");
        }
        grpc_server::rpc_error::RpcError::new(self.reason()).into_status(self.code(), &self.to_string(), domain)
    }
}
