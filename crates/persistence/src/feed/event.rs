//! The events of one change, written in its transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ::types::{Origin, Timestamp};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};
use tokio::sync::Notify;

use crate::{Batch, Change, Database, VERSION, VersionTable};

/// Events that one statement writes.
const MAX_EVENTS: usize = 500;

const COLUMNS: &str = "owner_id, version, seq, kind, subject, row_id, other_id, creator_id, has_reshares, actor_id, request_id, occurred_at, after_row";

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
}

/// Collects the events of one change of one person's data. They are written at the end of the change, with the version that the change
/// made.
#[derive(Debug)]
pub struct EventLog {
    versions: VersionTable,
    person: String,
    origin: Origin,
    state: Mutex<State>,
    committed: Arc<Notify>,
}

#[derive(Debug, Default)]
struct State {
    collected: Vec<NewEvent>,
    /// How many are in the database.
    written: i32,
}

impl Database {
    /// The log of a change of `person`'s data.
    pub fn event_log(&self, versions: VersionTable, person: &str, origin: Origin) -> EventLog {
        let (person, committed) = (person.to_owned(), self.feed_changed.clone());
        EventLog { versions, person, origin, state: Mutex::default(), committed }
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

    /// Writes the events that were collected.
    pub async fn write(&self, change: &Change) -> Result<(), DbErr> {
        let (events, written) = {
            let mut state = self.state();
            let events = std::mem::take(&mut state.collected);
            let written = state.written;
            state.written += i32::try_from(events.len()).unwrap_or(i32::MAX);
            (events, written)
        };
        let version = self.versions.version_expression("$1");
        let mut seq = written;
        for events in events.chunks(MAX_EVENTS) {
            let mut batch = Batch::default();
            let (sql, values) = self.insertion(events, &version, seq);
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
            change.query_batch(batch).await?;
            seq += i32::try_from(events.len()).unwrap_or(i32::MAX);
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
        let (record, record_values) = self.insertion(&[event], &version, 0);
        let order = if is_postgres { Self::queue_statement(&version) } else { append_statement("$1", &version) };
        batch.add(raise, raise_values);
        batch.add(insert, insert_values);
        batch.add(record, record_values);
        batch.add(order, vec![self.person.as_str().into()]);
        if is_postgres {
            let (sql, values) = batch.as_one(["raised", "inserted", "event", "queued"], "SELECT version FROM raised");
            batch = Batch::default();
            batch.add(sql, values);
        }
        batch.append(then);
        let mut rows = change.query_batch(batch).await?.into_iter();
        self.state().written = 1;
        let row = rows.next().ok_or_else(|| DbErr::RecordNotFound("the raised version".to_owned()))?;
        Ok((row.try_get("", VERSION)?, rows.collect()))
    }

    /// To be called after the commit: wakes the sequencer.
    pub fn committed(&self) {
        if self.state().written > 0 {
            self.committed.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The statement that writes `events`, the first with the number `seq`.
    fn insertion(&self, events: &[NewEvent], version: &str, seq: i32) -> (String, Vec<Value>) {
        let mut values: Vec<Value> = vec![
            self.person.as_str().into(),
            self.origin.actor.to_string().into(),
            self.origin.request_id.as_str().into(),
        ];
        let mut rows = Vec::with_capacity(events.len());
        for (event, seq) in events.iter().zip(seq..) {
            let NewEvent { kind, subject, row, other, creator, has_reshares, occurred_at, after } = event;
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
                after.as_ref().map(ToString::to_string).into(),
            ]);
            let place = |offset: usize| format!("${}", first + offset);
            let [seq, kind, subject, row, other, creator, has_reshares, at, after] = std::array::from_fn(place);
            rows.push(format!(
                "($1, {version}, {seq}, {kind}, {subject}, {row}, {other}, {creator}, {has_reshares}, $2, $3, {at}, {after})"
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
