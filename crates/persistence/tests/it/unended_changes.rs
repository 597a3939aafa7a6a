//! A change that the database itself ended, as SQLite does when the disk is full, must not leave its connection where the next
//! change would be part of it: that one would be acknowledged, and be lost.

use std::time::Duration;

use persistence::{Database, DatabaseSettings};
use sea_orm::{ConnectionTrait, Statement};
use test_kit::on_both;

const TABLES: &str = "CREATE TABLE one (id INTEGER PRIMARY KEY);
    CREATE TABLE other (id INTEGER, one_id INTEGER REFERENCES one (id) DEFERRABLE INITIALLY DEFERRED)";

async fn rows(database: &Database) -> i64 {
    let count = Statement::from_string(database.reader().get_database_backend(), "SELECT COUNT(*) AS rows FROM other");
    database.reader().query_one_raw(count).await.unwrap().unwrap().try_get("", "rows").unwrap()
}

#[tokio::test]
async fn acknowledged_change_survives_failed_ones() {
    on_both(|backend| async move {
        let settings = DatabaseSettings {
            database_url: backend.url().into(),
            database_connections: 1,
            database_wait: Duration::from_secs(20),
        };
        let database = Database::connect(&settings, "public").await.unwrap();
        database.writer().execute_unprepared(TABLES).await.unwrap();

        let ended_by_the_database = database.begin(Vec::new()).await.unwrap();
        ended_by_the_database.connection().execute_unprepared("ROLLBACK").await.unwrap();
        drop(ended_by_the_database);
        for _ in 0..2 {
            let cannot_end = database.begin(Vec::new()).await.unwrap();
            cannot_end.connection().execute_unprepared("INSERT INTO other VALUES (1, 999)").await.unwrap();
            assert!(cannot_end.commit().await.is_err(), "{backend}: there is no row 999");
        }
        for expected in 1..=3 {
            let change = database.begin(Vec::new()).await.unwrap();
            change.connection().execute_unprepared("INSERT INTO other VALUES (1, NULL)").await.unwrap();
            change.commit().await.unwrap();
            assert_eq!(rows(&database).await, expected, "{backend}");
        }
    })
    .await;
}
