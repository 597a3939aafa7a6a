//! Changes that share a transaction, and what becomes of each of them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use super::*;
use crate::{Change, Database, DatabaseSettings, Isolation, Lock, Priority};
use sea_orm::Statement;
use tokio::task::{JoinHandle, yield_now};

/// A SQLite database with a table of numbers.
struct TestDatabase {
    database: Database,
    _folder: tempfile::TempDir,
}

impl TestDatabase {
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

    /// A change of one owner, which waits for the changes of that owner before it.
    async fn waiting_of_owner(&self, isolation: Isolation) -> JoinHandle<Change> {
        let database = self.database.clone();
        let waiting = tokio::spawn(async move {
            let permit = database.queue_as(&Lock::new("owner", "ann"), Priority::First, isolation).await.unwrap();
            database.begin(vec![permit]).await.unwrap()
        });
        // On the single thread of a test, it has queued before this continues.
        yield_now().await;
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

/// A change that has written 1 and waits for the commit, and the one that goes on in its transaction and has written 2.
async fn two_in_a_transaction(test: &TestDatabase) -> (JoinHandle<Result<(), DbErr>>, Change) {
    let first = test.begin(1).await;
    let second = test.waiting().await;
    let first = tokio::spawn(first.commit());
    let second = second.await.unwrap();
    insert(&second, 2).await;
    (first, second)
}

async fn insert(change: &Change, x: i32) {
    change.execute("INSERT INTO t VALUES ($1)", vec![x.into()]).await.unwrap();
}

#[tokio::test]
async fn waiting_changes_share_a_commit() {
    let test = TestDatabase::new().await;
    let (first, second) = two_in_a_transaction(&test).await;
    assert!(!first.is_finished());
    assert_eq!(test.committed().await, [0; 0]);
    second.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1, 2]);
}

#[tokio::test]
async fn dropped_change_takes_nothing_of_others() {
    let test = TestDatabase::new().await;
    let (first, second) = two_in_a_transaction(&test).await;
    let third = test.waiting().await;
    drop(second);
    let third = third.await.unwrap();
    insert(&third, 3).await;
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1, 3]);
}

#[tokio::test]
async fn change_is_committed_if_no_other_follows() {
    let test = TestDatabase::new().await;
    // The next one is dropped.
    let (first, second) = two_in_a_transaction(&test).await;
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1]);
    // It is gone before it has the writer.
    let first = test.begin(3).await;
    let second = test.waiting().await;
    let first = tokio::spawn(first.commit());
    second.abort();
    // With its change, if it has begun one.
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1, 3]);
    assert_eq!(test.expected(), 0);
    // It is gone while it begins.
    let first = test.begin(4).await;
    let second = test.waiting().await;
    let first = tokio::spawn(first.commit());
    while test.expected() > 0 {
        yield_now().await;
    }
    second.abort();
    // With its change, if it has begun one.
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1, 3, 4]);
}

#[tokio::test]
async fn failed_statement_fails_its_change_only() {
    let test = TestDatabase::new().await;
    let (first, second) = two_in_a_transaction(&test).await;
    second.execute("INSERT INTO t VALUES (1)", Vec::new()).await.unwrap_err();
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1]);
}

#[tokio::test]
async fn lost_transaction_fails_every_change_in_it() {
    let test = TestDatabase::new().await;
    let (first, second) = two_in_a_transaction(&test).await;
    // As SQLite does when the disk is full.
    second.execute("ROLLBACK", Vec::new()).await.unwrap();
    let third = test.waiting().await;
    let second = tokio::spawn(second.commit());
    // It finds the transaction lost, and begins another.
    let third = third.await.unwrap();
    first.await.unwrap().unwrap_err();
    second.await.unwrap().unwrap_err();
    insert(&third, 3).await;
    third.commit().await.unwrap();
    assert_eq!(test.committed().await, [3]);
}

#[tokio::test]
async fn change_that_only_reads_waits_for_what_it_read() {
    let test = TestDatabase::new().await;
    let (first, second) = two_in_a_transaction(&test).await;
    assert_eq!(second.query("SELECT x FROM t WHERE x = 1", Vec::new()).await.unwrap().len(), 1);
    let third = test.waiting().await;
    let second = tokio::spawn(second.roll_back());
    let third = third.await.unwrap();
    assert!(!first.is_finished() && !second.is_finished());
    third.commit().await.unwrap();
    second.await.unwrap().unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(test.committed().await, [1]);
}

/// A revocation that is not committed must not be confirmed to a caller who repeats it.
#[tokio::test]
async fn committed_read_waits_for_the_commit_of_the_same_owner() {
    for is_dropped in [false, true] {
        let test = TestDatabase::new().await;
        let first = test.waiting_of_owner(Isolation::ReadCommitted).await.await.unwrap();
        insert(&first, 1).await;
        let second = test.waiting_of_owner(Isolation::ReadUncommitted).await;
        let third = test.waiting_of_owner(Isolation::ReadCommitted).await;
        let first = tokio::spawn(first.commit());
        let second = second.await.unwrap();
        // Of another owner; it keeps the transaction open.
        let other = test.waiting().await;
        let second = if is_dropped {
            drop(second);
            None
        } else {
            Some(tokio::spawn(second.commit()))
        };
        let other = other.await.unwrap();
        insert(&other, 2).await;
        assert!(!third.is_finished());
        let other = tokio::spawn(other.commit());
        let third = third.await.unwrap();
        assert_eq!(test.committed().await, [1, 2], "when it begins");
        third.commit().await.unwrap();
        for ended in [Some(first), second, Some(other)].into_iter().flatten() {
            ended.await.unwrap().unwrap();
        }
    }
}
