//! One row per person: the lock and the order of all changes of that person's data, and the version that they made.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Statement, Value};
use sea_orm_migration::{
    prelude::{Alias, Index, Table, TableCreateStatement},
    schema::big_integer,
};
use types::Timestamp;

use super::{Change, Dialect};

/// The column of the version.
pub const VERSION: &str = "version";

/// A table of version rows, `(person, version)`.
#[derive(Clone, Copy, Debug)]
pub struct VersionTable {
    table: &'static str,
    person: &'static str,
}

impl VersionTable {
    /// The table of this name, with the column `person`.
    pub const fn new(table: &'static str, person: &'static str) -> Self {
        Self { table, person }
    }

    /// The name of the table.
    pub const fn name(self) -> &'static str {
        self.table
    }

    /// The statement that deletes the row of person $1.
    pub(crate) fn delete_statement(self) -> String {
        let Self { table, person: column } = self;
        format!("DELETE FROM {table} WHERE {column} = $1")
    }

    /// The version of the person in this placeholder, as an SQL expression.
    pub(crate) fn version_expression(self, person: &str) -> String {
        let Self { table, person: column } = self;
        format!("(SELECT version FROM {table} WHERE {column} = {person})")
    }

    /// The statement that creates it.
    pub fn create_table(self, dialect: Dialect) -> TableCreateStatement {
        let mut table = Table::create();
        table
            .table(Alias::new(self.table))
            .col(dialect.person(Alias::new(self.person)))
            .col(big_integer(Alias::new("version")))
            .primary_key(Index::create().name(format!("{}_pk", self.table)).col(Alias::new(self.person)));
        dialect.compact(&mut table)
    }

    /// Locks the row of `person` until the end of `change`, raises its version and returns it: the change alters what a decision
    /// or a reader of the feed sees. What is read after it stays as it is until the end of the change.
    ///
    /// A new row starts at `now` in microseconds, so that a person who was erased and returns never repeats a version.
    pub async fn raise(self, change: &Change, person: &str, now: Timestamp) -> Result<i64, DbErr> {
        let (sql, values) = self.raise_statement(person, now);
        let rows = change.query(&sql, values).await?;
        let row = rows.first().ok_or_else(|| DbErr::RecordNotFound(format!("the version row of {}", self.table)))?;
        row.try_get("", VERSION)
    }

    /// The statement of [`raise`](Self::raise). It returns one row, with the column [`VERSION`].
    pub fn raise_statement(self, person: &str, now: Timestamp) -> (String, Vec<Value>) {
        let Self { table, person: column } = self;
        let sql = format!(
            "INSERT INTO {table} ({column}, version) VALUES ($1, $2)
             ON CONFLICT ({column}) DO UPDATE SET version = {table}.version + 1 RETURNING version"
        );
        (sql, vec![person.into(), now.utc().timestamp_micros().into()])
    }

    /// Creates the row of `person`, as [`raise`](Self::raise) would; returns its version, or `None` and changes
    /// nothing if it exists.
    pub async fn create_row(self, change: &Change, person: &str, now: Timestamp) -> Result<Option<i64>, DbErr> {
        let Self { table, person: column } = self;
        let sql = format!("INSERT INTO {table} ({column}, version) VALUES ($1, $2) ON CONFLICT ({column}) DO NOTHING");
        let version = now.utc().timestamp_micros();
        let created = change.execute(&sql, vec![person.into(), version.into()]).await?;
        Ok((created == 1).then_some(version))
    }

    /// Locks the row of `person` until the end of `change` without raising its version: no decision changes.
    pub async fn lock(self, change: &Change, person: &str) -> Result<(), DbErr> {
        let Self { table, person: column } = self;
        if change.connection().get_database_backend() == DbBackend::Postgres {
            let sql = format!("SELECT version FROM {table} WHERE {column} = $1 FOR UPDATE");
            change.query(&sql, vec![person.into()]).await?;
        }
        // SQLite has one writer.
        Ok(())
    }

    /// The version of `person`; `None` without a row.
    pub async fn version(self, connection: &impl ConnectionTrait, person: &str) -> Result<Option<i64>, DbErr> {
        let Self { table, person: column } = self;
        let sql = format!("SELECT version FROM {table} WHERE {column} = $1");
        let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, [person.into()]);
        let row: Option<QueryResult> = connection.query_one_raw(statement).await?;
        row.map(|row| row.try_get("", "version")).transpose()
    }
}
