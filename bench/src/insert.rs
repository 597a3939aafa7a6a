//! The INSERT of a share by plain SQL, at the durability of the service: WAL, `synchronous=FULL`, one transaction each.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sqlx::{
    Connection, Executor, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS shares (id BLOB PRIMARY KEY, owner_id TEXT, recipient_id TEXT, \
     creator_id TEXT, scope TEXT, tag_ids TEXT, node_ids TEXT, scope_digest TEXT, can_read INT, can_write INT, \
     can_delete INT, can_share INT, source TEXT, depth INT, created_at TEXT, updated_at TEXT, version INT); \
     CREATE INDEX IF NOT EXISTS outgoing ON shares (owner_id, created_at, id); \
     CREATE INDEX IF NOT EXISTS incoming ON shares (recipient_id, created_at, id); \
     CREATE INDEX IF NOT EXISTS pair ON shares (owner_id, recipient_id, scope_digest)";

const INSERT: &str = "INSERT INTO shares VALUES (?, 'alice', 'bob', 'alice', 'specific_tags', '[\"t\"]', '[]', ?, 1, 0, 0, 0, \
     'direct', 1, '2026-01-01T00:00:00+00:00', '2026-01-01T00:00:00+00:00', 1)";

/// Inserts a second, one after the other: one writer is all that SQLite has.
pub(crate) async fn per_second(folder: &Path, time: Duration) -> anyhow::Result<f64> {
    let options = SqliteConnectOptions::new()
        .filename(folder.join("plain.db"))
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    connection.execute(TABLE).await?;
    let began = Instant::now();
    let mut inserted = 0_u32;
    while began.elapsed() < time {
        let id = Uuid::now_v7();
        connection.execute("BEGIN IMMEDIATE").await?;
        sqlx::query(INSERT).bind(id.as_bytes().to_vec()).bind(id.to_string()).execute(&mut connection).await?;
        connection.execute("COMMIT").await?;
        inserted += 1;
    }
    let rate = f64::from(inserted) / began.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(rate)
}
