//! Changes that share a transaction, and what becomes of each of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::{Change, Database, DatabaseSettings};
use sea_orm::Statement;
use tokio::task::{JoinHandle, yield_now};

struct Stage {
    database: Database,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        let wait = Duration::from_secs(30);
        let settings = DatabaseSettings { database_url: url.into(), database_connections: 2, database_wait: wait };
        let mut database = Database::connect(&settings, "test").await.unwrap();
        // However slow the machine is.
        database.group_commit.as_mut().unwrap().max_age = Duration::from_hours(1);
        database.writer().execute_unprepared("CREATE TABLE t (x INTEGER UNIQUE)").await.unwrap();
        Self { database, _folder: folder }
    }

    /// A change that has written `x`.
    async fn begin(&self, x: i32) -> Change {
        let change = self.database.begin(Vec::new()).await.unwrap();
        change.execute("INSERT INTO t VALUES ($1)", vec![x.into()]).await.unwrap();
        change
    }

    /// A change that waits for the writer.
    async fn waiting(&self) -> JoinHandle<Change> {
        let database = self.database.clone();
        let expected = || self.expected();
        let before = expected();
        let waiting = tokio::spawn(async move { database.begin(Vec::new()).await.unwrap() });
        while expected() == before {
            yield_now().await;
        }
        waiting
    }

    fn expected(&self) -> usize {
        self.database.group_commit.as_ref().unwrap().arrivals.expected.load(Ordering::SeqCst)
    }

    async fn committed(&self) -> Vec<i32> {
        let reader = self.database.reader();
        let statement = Statement::from_string(reader.get_database_backend(), "SELECT x FROM t ORDER BY x");
        let rows = reader.query_all_raw(statement).await.unwrap();
        rows.iter().map(|row| row.try_get("", "x").unwrap()).collect()
    }
}

async fn insert(change: &Change, x: i32) {
    change.execute("INSERT INTO t VALUES ($1)", vec![x.into()]).await.unwrap();
}

#[tokio::test]
async fn waiting_changes_share_a_commit() {
    let stage = Stage::new().await;
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    assert!(!first.is_finished());
    assert_eq!(stage.committed().await, [0; 0]);
    second.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1, 2]);
}

#[tokio::test]
async fn dropped_change_takes_nothing_of_others() {
    let stage = Stage::new().await;
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    let third = stage.waiting().await;
    drop(second);
    let third = third.await.unwrap();
    insert(&third, 3).await;
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1, 3]);
}

#[tokio::test]
async fn change_is_committed_if_no_other_follows() {
    let stage = Stage::new().await;
    // The next one is dropped.
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1]);
    // It is gone before it has the writer.
    let first = stage.begin(3).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    second.abort();
    // With its change, if it has begun one.
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1, 3]);
    assert_eq!(stage.expected(), 0);
    // It is gone while it begins.
    let first = stage.begin(4).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    while stage.expected() > 0 {
        yield_now().await;
    }
    second.abort();
    // With its change, if it has begun one.
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1, 3, 4]);
}

#[tokio::test]
async fn failed_statement_fails_its_change_only() {
    let stage = Stage::new().await;
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    second.execute("INSERT INTO t VALUES (1)", Vec::new()).await.unwrap_err();
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1]);
}

#[tokio::test]
async fn lost_transaction_fails_every_change_in_it() {
    let stage = Stage::new().await;
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    // As SQLite does when the disk is full.
    second.execute("ROLLBACK", Vec::new()).await.unwrap();
    let third = stage.waiting().await;
    let second = tokio::spawn(second.commit());
    // It finds the transaction lost, and begins another.
    let third = third.await.unwrap();
    first.await.unwrap().unwrap_err();
    second.await.unwrap().unwrap_err();
    insert(&third, 3).await;
    third.commit().await.unwrap();
    assert_eq!(stage.committed().await, [3]);
}

#[tokio::test]
async fn change_that_only_reads_waits_for_what_it_read() {
    let stage = Stage::new().await;
    let first = stage.begin(1).await;
    let second = stage.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    assert_eq!(second.query("SELECT x FROM t", Vec::new()).await.unwrap().len(), 1);
    insert(&second, 2).await;
    let third = stage.waiting().await;
    let second = tokio::spawn(second.roll_back());
    let third = third.await.unwrap();
    assert!(!first.is_finished() && !second.is_finished());
    third.commit().await.unwrap();
    second.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(stage.committed().await, [1]);
}
