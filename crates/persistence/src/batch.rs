//! Statements that are sent to the database together.

use sea_orm::{ConnectionTrait, DbBackend, DbErr, QueryResult, Value};

use super::Change;

/// Statements that are executed in order. On SQLite they are one message to the thread of the connection: each message is two context
/// switches, which cost more than most statements. On PostgreSQL they are sent one after another.
#[derive(Debug, Default)]
pub struct Batch {
    statements: Vec<(String, Vec<Value>)>,
}

impl Batch {
    /// Appends a statement with placeholders `$1`, `$2`, …. It must not contain `$` or `;` otherwise.
    pub fn add(&mut self, sql: impl Into<String>, values: Vec<Value>) {
        self.statements.push((sql.into(), values));
    }

    /// Appends the statements of another batch.
    pub fn append(&mut self, other: Self) {
        self.statements.extend(other.statements);
    }

    /// As one statement of PostgreSQL: each becomes a term with a name, which the later ones may use, before `select`. None sees rows
    /// that another writes, except by `RETURNING`.
    pub fn as_one<const N: usize>(self, names: [&str; N], select: &str) -> (String, Vec<Value>) {
        let (mut all, mut all_values) = (String::from("WITH "), Vec::new());
        for (number, ((sql, values), name)) in self.statements.into_iter().zip(names).enumerate() {
            all.push_str(if number > 0 { ", " } else { "" });
            all.push_str(name);
            all.push_str(" AS (");
            renumber(&sql, all_values.len(), &mut all);
            all.push(')');
            all_values.extend(values);
        }
        all.push(' ');
        all.push_str(select);
        (all, all_values)
    }

    /// As one statement list with common values.
    fn joined(self) -> (String, Vec<Value>) {
        let (mut all, mut all_values) = (String::new(), Vec::new());
        for (sql, values) in self.statements {
            if !all.is_empty() {
                all.push_str(";\n");
            }
            renumber(&sql, all_values.len(), &mut all);
            all_values.extend(values);
        }
        (all, all_values)
    }
}

impl Change {
    /// Executes the statements and returns the rows of all of them, in order.
    pub async fn query_batch(&self, batch: Batch) -> Result<Vec<QueryResult>, DbErr> {
        if self.connection().get_database_backend() == DbBackend::Sqlite {
            let (sql, values) = batch.joined();
            return self.query(&sql, values).await;
        }
        let mut rows = Vec::new();
        for (sql, values) in batch.statements {
            rows.extend(self.query(&sql, values).await?);
        }
        Ok(rows)
    }
}

/// Appends `sql` to `to` with each placeholder raised by `offset`.
fn renumber(sql: &str, offset: usize, to: &mut String) {
    let mut parts = sql.split('$');
    to.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        to.push('$');
        match number.parse::<usize>() {
            Ok(number) => to.push_str(&(number + offset).to_string()),
            Err(_) => to.push_str(number),
        }
        to.push_str(rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_numbered_over_all_statements() {
        let mut batch = Batch::default();
        batch.add("SELECT $1, $2", vec![1.into(), 2.into()]);
        batch.add("SELECT $2, $10 + $1", vec![3.into(), 4.into()]);
        batch.add("SELECT 5", Vec::new());
        let one = Batch { statements: batch.statements.clone() }.as_one(["a", "b", "c"], "SELECT * FROM a");
        assert_eq!(one.0, "WITH a AS (SELECT $1, $2), b AS (SELECT $4, $12 + $3), c AS (SELECT 5) SELECT * FROM a");
        let (sql, values) = batch.joined();
        assert_eq!(sql, "SELECT $1, $2;\nSELECT $4, $12 + $3;\nSELECT 5");
        assert_eq!(values, [1.into(), 2.into(), 3.into(), 4.into()]);
    }
}
