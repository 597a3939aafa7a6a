//! Classification of database errors by what a caller can do.

use sea_orm::{DbErr, RuntimeErr, SqlErr, sqlx};

/// Waiting for a lock took longer than `lock_timeout`.
const LOCK_NOT_AVAILABLE: &str = "55P03";
const SQLITE_BUSY: u32 = 5;
const SQLITE_NOMEM: u32 = 7;
const SQLITE_READONLY: u32 = 8;
const SQLITE_IOERR: u32 = 10;
const SQLITE_FULL: u32 = 13;
const SQLITE_CANTOPEN: u32 = 14;

/// A database error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseErrorKind {
    /// A row of that name is there already.
    Duplicate,
    /// Another change held the lock for too long.
    Contended,
    /// The database is away, full of work or shutting down: the same call may succeed later.
    Unavailable,
    /// The disk is full or failing, or the server is read-only: writes fail until an operator acts.
    Unwritable,
    /// An internal error.
    Internal,
}

impl DatabaseErrorKind {
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

    /// Whether the connection failed and not the statement: a retry on another connection may succeed.
    pub(super) fn is_broken_connection(error: &DbErr) -> bool {
        let (DbErr::Conn(cause) | DbErr::Exec(cause) | DbErr::Query(cause)) = error else { return false };
        let RuntimeErr::SqlxError(cause) = cause else { return false };
        match cause.as_database_error() {
            // A server that shuts down or restarts after a crash reports it on idle connections.
            Some(answer) => answer.code().is_some_and(|code| matches!(&*code, "57P01" | "57P02")),
            None => matches!(
                **cause,
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed
            ),
        }
    }

    fn of_driver(cause: &RuntimeErr) -> Self {
        let RuntimeErr::SqlxError(cause) = cause else { return Self::Internal };
        let Some(answer) = cause.as_database_error() else {
            // The connection, not the statement, failed.
            return Self::Unavailable;
        };
        answer.code().map_or(Self::Internal, |code| Self::of_code(&code))
    }

    /// SQLSTATEs have five characters, SQLite's numbers fewer.
    fn of_code(code: &str) -> Self {
        match code.parse::<u32>() {
            Ok(number) if code.len() < 5 => Self::of_sqlite(number),
            Ok(_) | Err(_) => Self::of_sqlstate(code),
        }
    }

    /// The low byte says what it is, the rest of an extended code how it came to it (<https://www.sqlite.org/rescode.html>).
    fn of_sqlite(code: u32) -> Self {
        match code & 0xff {
            SQLITE_BUSY => Self::Contended,
            // The disk or the machine, not the statement.
            SQLITE_READONLY | SQLITE_IOERR | SQLITE_FULL => Self::Unwritable,
            SQLITE_NOMEM | SQLITE_CANTOPEN => Self::Unavailable,
            _ => Self::Internal,
        }
    }

    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    fn of_sqlstate(code: &str) -> Self {
        match code {
            // The latter are serialization failures and deadlocks: the change was undone whole.
            LOCK_NOT_AVAILABLE | "40001" | "40P01" => Self::Contended,
            // A server that only reads (a standby); a full disk.
            "25006" | "53100" => Self::Unwritable,
            // Connection exceptions, insufficient resources, operator intervention.
            code if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Self::Unavailable,
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_sqlite_code_maps_to_its_primary_code() {
        for (codes, fault) in [
            (["5", "261", "517", "773"], DatabaseErrorKind::Contended),
            // Write, sync and shared-memory errors; a full disk.
            (["778", "1034", "4874", "13"], DatabaseErrorKind::Unwritable),
            (["8", "1032", "25006", "53100"], DatabaseErrorKind::Unwritable),
            (["14", "526", "7", "53200"], DatabaseErrorKind::Unavailable),
            // A constraint, a statement, a damaged file.
            (["787", "1", "11", "26"], DatabaseErrorKind::Internal),
            (["55P03", "40001", "40P01", "55P03"], DatabaseErrorKind::Contended),
            (["08006", "53300", "57P01", "57P03"], DatabaseErrorKind::Unavailable),
            (["23514", "42P01", "22001", "53"], DatabaseErrorKind::Internal),
        ] {
            for code in codes {
                assert_eq!(DatabaseErrorKind::of_code(code), fault, "{code}");
            }
        }
    }
}
