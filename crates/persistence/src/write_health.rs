//! Whether changes can be stored: not while the disk is full or failing, or the server takes reads only. Reads go on meanwhile, so a
//! process in this state stays ready and reports it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::{counter, describe_counter};
use sea_orm::{DbErr, RuntimeErr};

use super::DatabaseErrorKind;

const FAILURES: &str = "database_write_failures_total";

/// How long a failure is reported after it happened. The [`ClockSync`](super::ClockSync) writes once a second and so keeps it
/// reported for as long as writes fail; a small write may succeed where a larger one does not.
const REPORTED_FOR: Duration = Duration::from_secs(5);

/// The latest failure to store a change.
#[derive(Clone, Debug, Default)]
pub(super) struct WriteHealth(Arc<Mutex<Option<WriteFailure>>>);

#[derive(Clone, Debug)]
struct WriteFailure {
    at: Instant,
    cause: String,
}

impl WriteHealth {
    pub(super) fn new() -> Self {
        describe_counter!(FAILURES, "Changes that failed because the database is not writable");
        // There from the start, so that the first failure is seen as an increase.
        counter!(FAILURES).increment(0);
        Self::default()
    }

    /// Records a result that reports an unwritable database, and returns it unchanged.
    pub(super) fn observe<T>(&self, result: Result<T, DbErr>) -> Result<T, DbErr> {
        if let Err(error) = &result
            && DatabaseErrorKind::of(error) == DatabaseErrorKind::Unwritable
        {
            counter!(FAILURES).increment(1);
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(WriteFailure { at: Instant::now(), cause: message(error) });
        }
        result
    }

    /// The cause of failing writes, if they failed recently.
    pub(super) fn failure(&self) -> Option<String> {
        let latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        latest.as_ref().filter(|failure| failure.at.elapsed() < REPORTED_FOR).map(|failure| failure.cause.clone())
    }
}

/// The message of the database itself, without the prefixes of the driver and the ORM.
fn message(error: &DbErr) -> String {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return error.to_string();
    };
    cause.as_database_error().map_or_else(|| cause.to_string(), |answer| answer.message().to_owned())
}
