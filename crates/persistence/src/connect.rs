//! Database connections: durable, bounded, for one writer or many.

use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::Context;
use futures_core::future::BoxFuture;
use runtime::{loopback::is_this_machine, process::ConfigurationError};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement,
    sqlx::{
        self, Connection, PgConnection, SqliteConnection,
        postgres::{PgConnectOptions, PgSslMode},
        sqlite::SqliteConnectOptions,
    },
};
use secrecy::ExposeSecret;
use tokio::{sync::Notify, time::Instant};
use tracing::warn;

use super::{
    ChangeQueue, DatabaseErrorKind, DatabaseSettings, Reader,
    group_commit::GroupCommit,
    postgres_server::{PostgresServer, without_brackets},
    write_health::WriteHealth,
};

/// PostgreSQL cancels a statement that runs longer than this: its caller has timed out long before.
const STATEMENT_TIMEOUT: &str = "5000";

/// How long to wait before opening a file again that another process was about to change.
const OPEN_AGAIN: Duration = Duration::from_millis(20);

/// A pooled connection that was idle for longer is tested before it is used.
const TEST_IDLE_AFTER: Duration = Duration::from_secs(1);
/// A connection whose test takes longer is replaced: its peer is unreachable.
const TEST_TIMEOUT: Duration = Duration::from_secs(1);

/// The database of one service: one pool for reads and one for changes, so that changes that wait for a lock leave the reads
/// their connections.
#[derive(Clone, Debug)]
pub struct Database {
    /// The schema, which also names the service in metrics.
    schema: Arc<str>,
    pub(super) reader: Reader,
    pub(super) writer: DatabaseConnection,
    pub(super) write_connections: u32,
    /// How changes take the writer of SQLite; `None` for PostgreSQL.
    pub(super) group_commit: Option<GroupCommit>,
    pub(super) queue: ChangeQueue,
    pub(super) write_health: WriteHealth,
    /// How the PostgreSQL server is reached; `None` for SQLite.
    server: Option<PostgresServer>,
    /// How long a change waits in the queue.
    pub(super) wait: Duration,
    /// The file of a SQLite database.
    pub(super) file: Option<PathBuf>,
    /// A change with events was committed.
    pub(super) feed_changed: Arc<Notify>,
    /// The sequencer of this process gave positions.
    pub(super) feed_grew: Arc<Notify>,
    /// When every change that was committed before had its position, on PostgreSQL; `None`: that is not known yet.
    pub(super) sequenced_at: Arc<Mutex<Option<Instant>>>,
}

impl Database {
    /// Opens the database. On PostgreSQL the service keeps to the schema named `schema`, so that two services can be given
    /// the same database and never meet.
    pub fn connect<'a>(settings: &'a DatabaseSettings, schema: &'a str) -> BoxFuture<'a, anyhow::Result<Self>> {
        Box::pin(Self::open(settings, schema))
    }

    async fn open(settings: &DatabaseSettings, schema: &str) -> anyhow::Result<Self> {
        let url = settings.database_url.expose_secret();
        let database = if url.starts_with("sqlite:") {
            connect_sqlite(url, settings).await?
        } else if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            connect_postgres(url, settings, schema).await?
        } else {
            return Err(ConfigurationError::new("DATABASE_URL must begin with `sqlite:` or `postgres:`").into());
        };
        Ok(Self { schema: schema.into(), ..database })
    }

    fn new(
        reader: DatabaseConnection,
        read_connections: u32,
        writer: DatabaseConnection,
        write_connections: u32,
        wait: Duration,
        server: Option<PostgresServer>,
    ) -> Self {
        let reader = Reader { pool: reader, connections: read_connections };
        let (queue, write_health) = (ChangeQueue::default(), WriteHealth::new());
        let (schema, file, feed_changed, feed_grew) = (Arc::default(), None, Arc::default(), Arc::default());
        let sequenced_at = Arc::default();
        Self {
            schema,
            reader,
            writer,
            write_connections,
            group_commit: None,
            queue,
            write_health,
            server,
            wait,
            file,
            feed_changed,
            feed_grew,
            sequenced_at,
        }
    }

    /// The schema.
    pub fn schema(&self) -> Arc<str> {
        self.schema.clone()
    }

    /// For queries that change nothing.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// The pool for writes; tests use it directly. Changes begin with [`begin`](Self::begin).
    pub fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Which kind of database it is.
    pub fn kind(&self) -> &'static str {
        if self.reader.get_database_backend() == DbBackend::Postgres { "PostgreSQL" } else { "SQLite" }
    }

    /// Whether the database responds.
    pub async fn ping(&self) -> Result<(), DbErr> {
        self.reader.execute_unprepared("SELECT 1").await.map(drop)
    }

    /// The cause of failing writes within the last seconds. Reads still work.
    pub fn write_failure(&self) -> Option<String> {
        self.write_health.failure()
    }

    /// The reason why a database is unreachable. A pool reports only its own timeout.
    pub async fn connection_failure(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        server.probe().await.err().map(|error| format!("{error:#}"))
    }

    /// Hands back every connection.
    pub async fn close(self) {
        // Nothing is left to be done with a connection that will not close.
        let _ = self.reader.pool.close().await;
        let _ = self.writer.close().await;
    }
}

async fn connect_sqlite(url: &str, settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let wait = settings.database_wait;
    make_for_owner_alone(url)?;
    // One connection writes, so that a change waits its turn here and not in SQLite, which would refuse it.
    let mut options = bounded(url, 1, wait);
    options.map_sqlx_sqlite_pool_opts(|pool| {
        pool.after_release(|connection, _| Box::pin(is_outside_of_changes(connection)))
    });
    options.map_sqlx_sqlite_opts(move |sqlite| {
        sqlite
            .busy_timeout(wait)
            .pragma("journal_mode", "WAL")
            .pragma("synchronous", "FULL")
            // 16 MB: a change writes a dozen pages, and each checkpoint is two more syncs that one change waits for.
            .pragma("wal_autocheckpoint", "4000")
            .pragma("foreign_keys", "ON")
            // What is deleted is overwritten: an erased person must not remain in free pages.
            .pragma("secure_delete", "ON")
    });
    let writer = open_in_turn(options, wait).await.context("cannot open the SQLite database")?;
    // The journal mode is stored in the file; a reader that set it could be rejected by another process that does.
    let mut options = bounded(url, settings.database_connections, wait);
    options.map_sqlx_sqlite_opts(move |sqlite| sqlite.busy_timeout(wait).pragma("query_only", "ON"));
    let reader = open_in_turn(options, wait).await.context("cannot open the SQLite database")?;
    let file = url.parse::<SqliteConnectOptions>().ok().map(|options| options.get_filename().to_path_buf());
    let group_commit = Some(GroupCommit::new(writer.clone()));
    let database = Database::new(reader, settings.database_connections, writer, 1, wait, None);
    Ok(Database { group_commit, file, ..database })
}

/// Makes the file of a database that is to be made, readable by its owner alone, whatever the folder lets others do: it holds what
/// people say of each other, and secrets. SQLite gives the files beside it the same permissions.
fn make_for_owner_alone(url: &str) -> anyhow::Result<()> {
    let Ok(options) = url.parse::<SqliteConnectOptions>() else { return Ok(()) };
    if !url.contains("mode=rwc") {
        return Ok(());
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(options.get_filename()) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("cannot make {}", options.get_filename().display()))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Opens a SQLite file that other processes may be opening, or closing, at the same moment. A change of the journal mode is
/// refused at once while another process has the file open in the old mode, whatever the busy timeout
/// (<https://www.sqlite.org/wal.html#sometimes_queries_return_sqlite_busy_in_wal_mode>): so it is tried again until `wait`
/// is over.
async fn open_in_turn(options: ConnectOptions, wait: Duration) -> Result<DatabaseConnection, DbErr> {
    let refused_for_good = tokio::time::Instant::now() + wait;
    loop {
        match sea_orm::Database::connect(options.clone()).await {
            Err(error)
                if DatabaseErrorKind::of(&error) == DatabaseErrorKind::Contended
                    && tokio::time::Instant::now() < refused_for_good =>
            {
                tokio::time::sleep(OPEN_AGAIN).await;
            }
            opened => return opened,
        }
    }
}

/// Rejects a remote link that would be plain text if the server, or an attacker on the path, offers no TLS: this is
/// the default of PostgreSQL's clients. Intended plain text can be set explicitly.
fn refuse_silent_plain_text(options: &PgConnectOptions) -> Result<(), ConfigurationError> {
    let host = options.get_host();
    let is_here = options.get_socket().is_some() || host.starts_with('/') || is_this_machine(host);
    let is_left_open = matches!(options.get_ssl_mode(), PgSslMode::Allow | PgSslMode::Prefer);
    if is_here || !is_left_open {
        return Ok(());
    }
    Err(ConfigurationError::new(format!(
        "DATABASE_URL does not say how the link to {host} is protected; add `?sslmode=verify-full&sslrootcert=FILE`, or \
         `?sslmode=disable` where nobody else is on it"
    )))
}

async fn connect_postgres(url: &str, settings: &DatabaseSettings, schema: &str) -> anyhow::Result<Database> {
    // The error of the URL may contain its password, so it is not repeated.
    let parsed = url.parse().map_err(|_| ConfigurationError::new("DATABASE_URL is no URL of a PostgreSQL database"))?;
    refuse_silent_plain_text(&parsed)?;
    let server = PostgresServer::new(parsed, settings.database_wait);
    server.probe().await?;
    let lock_timeout = settings.database_wait.as_millis().to_string();
    let pool = |connections| {
        let mut options = bounded(url, connections, settings.database_wait);
        let (schema, lock_timeout) = (schema.to_owned(), lock_timeout.clone());
        options.map_sqlx_postgres_opts(move |postgres| {
            without_brackets(postgres).options([
                ("search_path", schema.as_str()),
                ("lock_timeout", lock_timeout.as_str()),
                ("statement_timeout", STATEMENT_TIMEOUT),
                ("idle_in_transaction_session_timeout", "10000"),
            ])
        });
        options.map_sqlx_postgres_pool_opts(|pool| {
            pool.before_acquire(|connection, metadata| {
                Box::pin(async move { Ok(metadata.idle_for < TEST_IDLE_AFTER || answers(connection).await) })
            })
        });
        sea_orm::Database::connect(options)
    };
    let (for_reads, for_changes) = settings.read_and_write_connections();
    let (reader, writer) =
        tokio::try_join!(pool(for_reads), pool(for_changes)).context("cannot reach the PostgreSQL database")?;
    refuse_lossy_commits(&writer).await?;
    Ok(Database::new(reader, for_reads, writer, for_changes, settings.database_wait, Some(server)))
}

/// Whether the server behind a pooled connection still responds.
async fn answers(connection: &mut PgConnection) -> bool {
    matches!(tokio::time::timeout(TEST_TIMEOUT, connection.ping()).await, Ok(Ok(())))
}

/// Whether a connection that comes back may be used again: not while the driver believes it within a change. A database may end a change
/// by itself, as SQLite does when the disk is full, and then the driver's own end of it fails. What begins next on such a connection
/// would be part of the change that never ends: acknowledged, and lost. (PostgreSQL takes the end of what has ended.)
async fn is_outside_of_changes(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if !connection.is_in_transaction() {
        return Ok(true);
    }
    // The rollback of a change that was dropped is executed before this is answered. After a commit there is nothing to wait for, and
    // the next change would wait for the answer too.
    connection.ping().await?;
    let is_within = connection.is_in_transaction();
    if is_within {
        warn!("closing a connection with a transaction that the database has ended");
    }
    Ok(!is_within)
}

fn bounded(url: &str, connections: u32, wait: Duration) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .min_connections(1)
        .acquire_timeout(wait)
        .connect_timeout(wait)
        .test_before_acquire(false)
        .sqlx_logging(false);
    options
}

async fn refuse_lossy_commits(pool: &DatabaseConnection) -> anyhow::Result<()> {
    let ask = Statement::from_string(DbBackend::Postgres, "SELECT current_setting('synchronous_commit') AS setting");
    let answer = pool.query_one_raw(ask).await?.context("PostgreSQL does not report synchronous_commit")?;
    let setting: String = answer.try_get("", "setting")?;
    if setting == "off" {
        return Err(ConfigurationError::new(
            "PostgreSQL runs with synchronous_commit=off, which loses acknowledged changes in a crash; set it to `on` for this database or role",
        )
        .into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn remote_link_is_never_plaintext_by_default() {
        let message = |url: &str| refuse_silent_plain_text(&url.parse().unwrap()).map_err(|error| error.to_string());
        for good in [
            "postgres://u@localhost/d",
            "postgres://u@127.0.0.1:5433/d",
            "postgres://u@[::1]/d",
            "postgres://u@localhost/d?host=/run/postgresql",
            "postgres://u@db.example/d?sslmode=verify-full",
            "postgres://u@db.example/d?sslmode=require",
            "postgres://u@db.example/d?sslmode=disable",
        ] {
            assert_eq!(message(good), Ok(()), "{good}");
        }
        for bad in ["postgres://u:pw@db.example/d", "postgres://u:pw@10.0.0.1/d?sslmode=prefer"] {
            let refused = message(bad).unwrap_err();
            assert!(refused.contains("sslmode=verify-full") && !refused.contains("pw"), "{refused}");
        }
    }

    #[tokio::test]
    async fn database_files_are_private_to_their_owner() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("new.db").display());
        let settings = DatabaseSettings {
            database_url: url.clone().into(),
            database_connections: 1,
            database_wait: Duration::from_secs(20),
        };
        let database = connect_sqlite(&url, &settings).await.unwrap();
        database.writer().execute_unprepared("CREATE TABLE t (x)").await.unwrap();
        let modes = std::fs::read_dir(folder.path()).unwrap().map(|file| {
            let file = file.unwrap();
            (file.file_name(), file.metadata().unwrap().permissions().mode() & 0o777)
        });
        let modes: Vec<_> = modes.collect();
        assert!(modes.len() > 1 && modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    }

    #[tokio::test]
    async fn open_waits_for_another_process() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("new.db").display());
        let other = sea_orm::Database::connect(bounded(&url, 1, Duration::from_secs(20))).await.unwrap();
        other.execute_unprepared("BEGIN IMMEDIATE; CREATE TABLE t (x)").await.unwrap();
        let mut options = bounded(&url, 1, Duration::from_secs(20));
        // SQLite fails immediately, as it does where waiting would deadlock.
        options.map_sqlx_sqlite_opts(|sqlite| sqlite.busy_timeout(Duration::ZERO).pragma("journal_mode", "WAL"));
        let refused = sea_orm::Database::connect(options.clone()).await.unwrap_err();
        assert_eq!(DatabaseErrorKind::of(&refused), DatabaseErrorKind::Contended);
        let mut opening = std::pin::pin!(open_in_turn(options, Duration::from_secs(20)));
        let given_up = tokio::time::timeout(OPEN_AGAIN * 2, &mut opening).await;
        assert!(given_up.is_err(), "it must go on trying while the file is being changed: {given_up:?}");
        other.execute_unprepared("COMMIT").await.unwrap();
        opening.await.unwrap();
    }
}
