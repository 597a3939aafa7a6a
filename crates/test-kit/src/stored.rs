//! Everything that a database stores, for tests that a person was erased.

use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::Backend;

/// The places where a database has `text`: columns on PostgreSQL, offsets in files on SQLite.
pub async fn places_of(backend: &Backend, schema: &str, text: &str) -> Vec<String> {
    if !backend.url().starts_with("postgres") {
        return in_files(backend, text);
    }
    let mut connection = PgConnection::connect(&backend.url()).await.expect("a connection");
    let columns = format!(
        "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = '{schema}'"
    );
    let columns: Vec<(String, String)> =
        sqlx::query_as(AssertSqlSafe(columns)).fetch_all(&mut connection).await.expect("the columns");
    assert!(columns.len() > 20, "{columns:?}");
    let mut places = Vec::new();
    for (table, column) in columns {
        let count =
            format!("SELECT COUNT(*) FROM {schema}.{table} WHERE position('{text}' in CAST({column} AS text)) > 0");
        let rows: i64 = sqlx::query_scalar(AssertSqlSafe(count)).fetch_one(&mut connection).await.expect("a count");
        if rows > 0 {
            places.push(format!("{table}.{column}"));
        }
    }
    places
}

fn in_files(backend: &Backend, text: &str) -> Vec<String> {
    let mut places = Vec::new();
    for file in std::fs::read_dir(backend.folder()).expect("the folder") {
        let path = file.expect("a file").path();
        let bytes = std::fs::read(&path).expect("its bytes");
        let found = bytes.windows(text.len()).position(|window| window == text.as_bytes());
        places.extend(found.map(|offset| format!("{}: {offset}", path.display())));
    }
    places
}
