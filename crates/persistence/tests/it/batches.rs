//! Statements that are sent together are parts of one change.

use std::time::Duration;

use persistence::{Batch, Database, DatabaseSettings};
use sea_orm::ConnectionTrait;
use test_kit::{Backend, on_both};

async fn database(backend: &Backend) -> Database {
    let settings = DatabaseSettings {
        database_url: backend.url().into(),
        database_connections: 1,
        database_wait: Duration::from_secs(20),
    };
    let database = Database::connect(&settings, "public").await.unwrap();
    database.writer().execute_unprepared("CREATE TABLE one (id BIGINT PRIMARY KEY, name TEXT)").await.unwrap();
    database
}

/// Inserts a row, counts the rows with this name, and inserts another row.
fn batch(first: i64, name: &str, second: i64) -> Batch {
    let mut batch = Batch::default();
    batch.add("INSERT INTO one (id, name) VALUES ($1, $2) RETURNING id AS found", vec![first.into(), name.into()]);
    batch.add("SELECT COUNT(*) AS found FROM one WHERE name = $1", vec![name.into()]);
    batch.add("INSERT INTO one (name, id) VALUES ($2, $1) RETURNING id AS found", vec![second.into(), name.into()]);
    batch
}

#[tokio::test]
async fn rows_of_a_batch_come_in_the_order_of_its_statements() {
    on_both(|backend| async move {
        let database = database(&backend).await;
        let change = database.begin(Vec::new()).await.unwrap();
        for (first, second, expected) in [(5, 6, [5, 1, 6]), (7, 8, [7, 3, 8])] {
            let rows = change.query_batch(batch(first, "ann", second)).await.unwrap();
            let found: Vec<i64> = rows.iter().map(|row| row.try_get("", "found").unwrap()).collect();
            assert_eq!(found, expected, "{backend}");
        }
        change.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn failed_statement_of_a_batch_fails_the_change() {
    on_both(|backend| async move {
        let database = database(&backend).await;
        let change = database.begin(Vec::new()).await.unwrap();
        assert!(change.query_batch(batch(1, "ann", 1)).await.is_err(), "{backend}: one id twice");
        drop(change);
        let change = database.begin(Vec::new()).await.unwrap();
        let rows = change.query_batch(batch(1, "ann", 2)).await.unwrap();
        let counted: i64 = rows[1].try_get("", "found").unwrap();
        assert_eq!(counted, 1, "{backend}: nothing was left of the failed change");
        change.commit().await.unwrap();
    })
    .await;
}
