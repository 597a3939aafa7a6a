//! What a driver's error means to a caller.

use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// Waiting for a lock took longer than `lock_timeout` (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const LOCK_NOT_AVAILABLE: &str = "55P03";

/// What went wrong in a database, as far as callers react to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// A row of that name is there already.
    Duplicate,
    /// Another change held what this one waited for.
    Contended,
    /// The database is away, full of work or shutting down: the same call may succeed later.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl DatabaseFault {
    /// Sorts a driver's error.
    pub fn of(error: &DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(_)) = error.sql_err() {
            return Self::Duplicate;
        }
        if let DbErr::ConnectionAcquire(_) = error {
            return Self::Unavailable;
        }
        let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else { return Self::Internal };
        Self::of_driver(cause)
    }

    fn of_driver(cause: &RuntimeErr) -> Self {
        let RuntimeErr::SqlxError(cause) = cause else { return Self::Internal };
        let Some(answer) = cause.as_database_error() else {
            // The connection, not the statement, failed.
            return Self::Unavailable;
        };
        let Some(code) = answer.code() else { return Self::Internal };
        match code.as_ref() {
            // The latter are SQLITE_BUSY and its extended forms (<https://www.sqlite.org/rescode.html#busy>).
            LOCK_NOT_AVAILABLE | "5" | "261" | "517" | "773" => Self::Contended,
            // SQLITE_IOERR, SQLITE_FULL and SQLITE_CANTOPEN: the disk, not the statement; and a server that only reads.
            "10" | "13" | "14" | "25006" => Self::Unavailable,
            // Connection exceptions, insufficient resources, operator intervention.
            code if ["08", "53", "57"].iter().any(|class| code.starts_with(class) && code.len() == 5) => {
                Self::Unavailable
            }
            // Serialization failures and deadlocks: the change was undone whole.
            "40001" | "40P01" => Self::Contended,
            _ => Self::Internal,
        }
    }
}
