//! The events of one change, written in its transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::types::{Actor, Origin, Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};
use tokio::sync::Notify;

use super::usage::{self, EventBytes};
use crate::{Batch, Change, Database, VERSION, VersionTable};

/// Events that one statement writes.
const MAX_EVENTS: usize = 500;

const COLUMNS: &str = "owner_id, version, seq, kind, subject, row_id, other_id, creator_id, has_reshares, actor_id, request_id, occurred_at, after_row, bytes";

/// An event to be written.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The kind of event, by the name in the contract.
    pub kind: &'static str,
    /// The kind of row.
    pub subject: &'static str,
    /// The id of the row.
    pub row: String,
    /// The other party: the recipient of a share, the app of a grant.
    pub other: Option<String>,
    /// The creator of the row, unless it is the owner.
    pub creator: Option<String>,
    /// Rows hang below this one, whose meaning may change with it.
    pub has_reshares: bool,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The row after the change; `None`: it is gone.
    pub after: Option<serde_json::Value>,
    /// Whether the limit of bytes applies.
    pub limit: EventLimit,
}

/// Whether a change is rejected when the events of the creator exceed their limit of bytes. They count in either case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventLimit {
    /// It is rejected.
    Enforced,
    /// It is not: it narrows access, or it is not a choice of the person.
    Exempt,
}

/// Collects the events of one change of one person's data. They are written at the end of the change, with the version that the change
/// made.
#[derive(Debug)]
pub struct EventLog {
    versions: VersionTable,
    person: String,
    origin: Origin,
    /// Bytes that the events of one creator may take.
    limit: i64,
    state: Mutex<State>,
    committed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    collected: Vec<NewEvent>,
    /// How many are in the database.
    written: i32,
    /// The events of a creator whose change is limited take more than they may.
    is_over_limit: bool,
}

/// What became of the events of a change.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// They are written.
    Ok,
    /// They exceed the bytes that events of their creator may take: the change must not be committed.
    QuotaExceeded,
}

impl Database {
    /// The log of a change of `person`'s data; the events of one creator may take `limit` bytes.
    pub fn event_log(&self, versions: VersionTable, person: &str, origin: Origin, limit: u64) -> EventLog {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let (person, committed) = (person.to_owned(), self.feed_changed.clone());
        EventLog { versions, person, origin, limit, state: Mutex::default(), committed }
    }
}

impl EventLog {
    /// Adds an event. The version of the person must be raised by the end of the change.
    pub fn record(&self, event: NewEvent) {
        self.state().collected.push(event);
    }

    /// Whether there are events.
    pub fn is_empty(&self) -> bool {
        let state = self.state();
        state.collected.is_empty() && state.written == 0
    }

    /// Writes the events that were collected. The result is that of all events of the change.
    pub async fn write(&self, change: &Change) -> Result<Recorded, DbErr> {
        let (events, written) = {
            let mut state = self.state();
            let events = std::mem::take(&mut state.collected);
            let written = state.written;
            state.written += i32::try_from(events.len()).unwrap_or(i32::MAX);
            (events, written)
        };
        let version = self.versions.version_expression("$1");
        let mut bytes = EventBytes::default();
        let mut seq = written;
        let mut chunks = events.chunks(MAX_EVENTS).peekable();
        while let Some(chunk) = chunks.next() {
            let mut batch = Batch::default();
            let (sql, values) = self.insertion(chunk, &version, seq, &mut bytes);
            if seq == 0 {
                match change.connection().get_database_backend() {
                    DbBackend::Postgres => {
                        batch.add(format!("WITH event AS ({sql}) {}", Self::queue_statement(&version)), values);
                    }
                    DbBackend::Sqlite | _ => {
                        batch.add(sql, values);
                        batch.add(append_statement("$1", &version), vec![self.person.as_str().into()]);
                    }
                }
            } else {
                batch.add(sql, values);
            }
            if chunks.peek().is_none() {
                // One statement for all events: every change locks counters in the same order.
                let (count, count_values) = bytes.statement(&self.person, None);
                batch.add(count, count_values);
            }
            for row in change.query_batch(batch).await? {
                self.check_limit(&events, &row)?;
            }
            seq += i32::try_from(chunk.len()).unwrap_or(i32::MAX);
        }
        Ok(if self.state().is_over_limit { Recorded::QuotaExceeded } else { Recorded::Ok })
    }

    /// Compares the bytes of one creator's events, read from a row, with the limit, if one of `events` is limited.
    fn check_limit(&self, events: &[NewEvent], row: &QueryResult) -> Result<(), DbErr> {
        let (creator, bytes) = usage::read(row)?;
        let is_enforced = |event: &NewEvent| {
            event.limit == EventLimit::Enforced && event.creator.as_deref().unwrap_or_default() == creator
        };
        if bytes > self.limit && events.iter().any(is_enforced) {
            self.state().is_over_limit = true;
        }
        Ok(())
    }

    /// Raises the person's version, executes `insertion`, which names the version `{version}`, and writes `event`: one statement on
    /// PostgreSQL. Then executes the batch `then`. Returns the version, and the rows of the batch.
    pub async fn raise_and_insert(
        &self,
        change: &Change,
        insertion: (String, Vec<Value>),
        event: NewEvent,
        then: Batch,
    ) -> Result<(i64, Vec<QueryResult>), DbErr> {
        let (raise, raise_values) = self.versions.raise_statement(&self.person, event.occurred_at);
        let mut batch = Batch::default();
        let is_postgres = change.connection().get_database_backend() == DbBackend::Postgres;
        let version = if is_postgres {
            "(SELECT version FROM raised)".to_owned()
        } else {
            self.versions.version_expression("$1")
        };
        let (insert, insert_values) = insertion;
        let insert = insert.replace("{version}", &version);
        let events = [event];
        let mut bytes = EventBytes::default();
        let (record, record_values) = self.insertion(&events, &version, 0, &mut bytes);
        // The owner's row is locked first, as in every change.
        let (count, count_values) = bytes.statement(&self.person, is_postgres.then_some("raised"));
        let order = if is_postgres { Self::queue_statement(&version) } else { append_statement("$1", &version) };
        batch.add(raise, raise_values);
        batch.add(insert, insert_values);
        batch.add(record, record_values);
        batch.add(order, vec![self.person.as_str().into()]);
        batch.add(count, count_values);
        if is_postgres {
            let terms = ["raised", "inserted", "event", "queued", "counted"];
            let (sql, values) = batch.as_one(terms, "SELECT * FROM raised, counted");
            batch = Batch::default();
            batch.add(sql, values);
        }
        batch.append(then);
        let mut rows = change.query_batch(batch).await?.into_iter();
        self.state().written = 1;
        let missing = || DbErr::RecordNotFound("the raised version".to_owned());
        let raised = rows.next().ok_or_else(missing)?;
        if is_postgres {
            self.check_limit(&events, &raised)?;
        } else {
            self.check_limit(&events, &rows.next().ok_or_else(missing)?)?;
        }
        Ok((raised.try_get("", VERSION)?, rows.collect()))
    }

    /// To be called after the commit: wakes the sequencer.
    pub fn committed(&self) {
        if self.state().written > 0 {
            self.committed.notify_one();
        }
    }

    /// Whether the owner makes the change.
    fn is_by_owner(&self) -> bool {
        matches!(&self.origin.actor, Actor::User(user) if user.as_str() == self.person)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement that writes `events`, the first with the number `seq`. Adds their bytes to `all_bytes`.
    fn insertion(
        &self,
        events: &[NewEvent],
        version: &str,
        seq: i32,
        all_bytes: &mut EventBytes,
    ) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = vec![
            self.person.as_str().into(),
            (!self.is_by_owner()).then(|| self.origin.actor.to_string()).into(),
            self.origin.request_id.as_str().into(),
        ];
        let mut rows = Vec::with_capacity(events.len());
        for (event, seq) in events.iter().zip(seq..) {
            let NewEvent { kind, subject, row, other, creator, has_reshares, occurred_at, after, limit: _ } = event;
            let after = after.as_ref().map(ToString::to_string);
            let texts = [Some(row), other.as_ref(), creator.as_ref(), after.as_ref()];
            let bytes = usage::bytes_of(texts.into_iter().flatten().map(String::as_str));
            all_bytes.add(creator.as_deref().unwrap_or_default(), bytes);
            let first = values.len() + 1;
            values.extend([
                seq.into(),
                (*kind).into(),
                (*subject).into(),
                row.as_str().into(),
                other.clone().into(),
                creator.clone().into(),
                (*has_reshares).into(),
                occurred_at.utc().into(),
                after.into(),
                bytes.into(),
            ]);
            let place = |offset: usize| format!("${}", first + offset);
            let [seq, kind, subject, row, other, creator, has_reshares, at, after, bytes] = std::array::from_fn(place);
            rows.push(format!(
                "($1, {version}, {seq}, {kind}, {subject}, {row}, {other}, {creator}, {has_reshares}, $2, $3, {at}, {after}, {bytes})"
            ));
        }
        (format!("INSERT INTO events ({COLUMNS}) VALUES {}", rows.join(", ")), values)
    }

    /// Appends the change to the queue of the sequencer.
    fn queue_statement(version: &str) -> String {
        format!("INSERT INTO pending (owner_id, version) VALUES ($1, {version})")
    }
}

/// Appends a change to the feed, on SQLite: there is one writer.
pub(crate) fn append_statement(owner: &str, version: &str) -> String {
    format!(
        "INSERT INTO feed (position, owner_id, version) VALUES (
             COALESCE((SELECT MAX(position) FROM feed), (SELECT pruned_to FROM feed_state), 0) + 1, {owner}, {version}
         )"
    )
}
