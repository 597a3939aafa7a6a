//! The two filters as conditions of a query.

use std::fmt::Write;

use ofself_proto::{
    exposure::{Predicate, predicate},
    sharing::{GetAccessFilterResponse, Selection, get_access_filter_response::Filter},
};
use prost_types::Timestamp;

/// The SQL dialect: parameters and lists differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A text. A list is one JSON text, so it needs one parameter whatever its length.
    Text(String),
    /// A number.
    Integer(i64),
}

/// A filter has an unknown predicate, or lacks a required one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownPredicate;

impl std::fmt::Display for UnknownPredicate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the exposure filter has a predicate that this store does not know; update the store")
    }
}

impl std::error::Error for UnknownPredicate {}

/// A condition on rows of `nodes` with its parameters. User input is never part of the SQL text.
#[derive(Clone, Debug)]
pub struct Condition {
    dialect: Dialect,
    /// The text after WHERE.
    pub sql: String,
    /// In the order of the parameters.
    pub values: Vec<Value>,
}

impl Condition {
    /// The nodes of one owner.
    pub fn owned_by(dialect: Dialect, owner: &str) -> Self {
        let mut condition = Self { dialect, sql: String::new(), values: Vec::new() };
        condition.push("owner_id = ");
        condition.parameter(Value::Text(owner.to_owned()));
        condition
    }

    /// Adds the filter of a share (`GetAccessFilter`). A missing filter selects nothing.
    pub fn and_shared(&mut self, filter: &GetAccessFilterResponse) {
        self.push(" AND (");
        match &filter.filter {
            Some(Filter::Everything(true)) => self.push("TRUE"),
            Some(Filter::Everything(false) | Filter::Nothing(_)) | None => self.push("FALSE"),
            Some(Filter::AnyOf(clauses)) => {
                self.joined(" OR ", "FALSE", &clauses.clauses, |condition, clause| {
                    condition.joined(" AND ", "FALSE", &clause.all_of, Self::selection);
                });
            }
        }
        self.push(")");
    }

    /// And what a profile exposes (`GetExposureFilter`). A filter with a predicate that is not known here is refused, never passed
    /// over: under a NOT it would expose what it hides.
    pub fn and_exposed(&mut self, filter: Option<&Predicate>) -> Result<(), UnknownPredicate> {
        let filter = filter.filter(|filter| is_known(filter)).ok_or(UnknownPredicate)?;
        self.push(" AND (");
        self.predicate(filter);
        self.push(")");
        Ok(())
    }

    fn selection(&mut self, selection: &Selection) {
        let Selection { tag_ids, node_ids, graph_root_ids } = selection;
        let lists = [tag_ids, node_ids, graph_root_ids].into_iter().filter(|list| !list.is_empty()).count();
        if lists != 1 {
            // Not as the contract has it: a value that cannot be parsed allows nothing.
            self.push("FALSE");
        } else if !tag_ids.is_empty() {
            self.push("EXISTS (SELECT 1 FROM node_tags WHERE node_key = nodes.key AND tag_id IN ");
            self.list(tag_ids);
            self.push(")");
        } else if !node_ids.is_empty() {
            self.push("id IN ");
            self.list(node_ids);
        } else {
            self.push("(id IN ");
            self.list(graph_root_ids);
            self.push(" OR EXISTS (SELECT 1 FROM node_roots WHERE node_key = nodes.key AND root_id IN ");
            self.list(graph_root_ids);
            self.push("))");
        }
    }

    fn predicate(&mut self, predicate: &Predicate) {
        use predicate::Predicate as Kind;
        match predicate.predicate.as_ref() {
            Some(Kind::And(all)) => self.joined(" AND ", "TRUE", &all.predicates, Self::predicate),
            Some(Kind::Or(any)) => self.joined(" OR ", "FALSE", &any.predicates, Self::predicate),
            Some(Kind::Not(below)) => {
                self.push("NOT (");
                self.predicate(below);
                self.push(")");
            }
            Some(Kind::HasTagId(id)) => {
                self.push("EXISTS (SELECT 1 FROM node_tags WHERE node_key = nodes.key AND tag_id = ");
                self.parameter(Value::Text(id.clone()));
                self.push(")");
            }
            Some(Kind::HasTagName(name)) => {
                self.push("EXISTS (SELECT 1 FROM node_tags WHERE node_key = nodes.key AND tag_name = ");
                self.parameter(Value::Text(name.clone()));
                self.push(")");
            }
            // Of a service that does not tell ids from names yet.
            Some(Kind::HasTag(tag)) => {
                self.push("EXISTS (SELECT 1 FROM node_tags WHERE node_key = nodes.key AND (tag_id = ");
                self.parameter(Value::Text(tag.clone()));
                self.push(" OR tag_name = ");
                self.parameter(Value::Text(tag.clone()));
                self.push("))");
            }
            Some(Kind::TypeIn(types)) => {
                self.push("node_type IN ");
                self.list(&types.values);
            }
            Some(Kind::CreatedBetween(range)) => {
                self.push("TRUE");
                for (sign, timestamp) in [(">=", range.start), ("<", range.end)] {
                    if let Some(timestamp) = timestamp {
                        self.push(" AND created_at ");
                        self.push(sign);
                        self.push(" ");
                        self.parameter(Value::Integer(micros(timestamp)));
                    }
                }
            }
            Some(Kind::IdIn(ids)) => {
                self.push("id IN ");
                self.list(&ids.values);
            }
            Some(Kind::SchemaIn(schemas)) => {
                self.push("COALESCE(schema_id, '__freeform__') IN ");
                self.list(&schemas.values);
            }
            Some(Kind::Everything(true)) => self.push("TRUE"),
            // `None` was rejected.
            Some(Kind::Everything(false) | Kind::Nothing(_)) | None => self.push("FALSE"),
        }
    }

    /// Halves within halves: a database bounds how deep an expression may be, and a thousand parts in a row are a thousand deep.
    fn joined<T>(&mut self, sign: &str, of_none: &str, parts: &[T], each: impl Fn(&mut Self, &T) + Copy) {
        match parts {
            [] => self.push(of_none),
            [only] => {
                self.push("(");
                each(self, only);
                self.push(")");
            }
            _ => {
                let (first, second) = parts.split_at(parts.len() / 2);
                self.push("(");
                self.joined(sign, of_none, first, each);
                self.push(sign);
                self.joined(sign, of_none, second, each);
                self.push(")");
            }
        }
    }

    fn list(&mut self, items: &[String]) {
        let value = Value::Text(serde_json::Value::from(items).to_string());
        match self.dialect {
            Dialect::Sqlite => {
                self.push("(SELECT value FROM json_each(");
                self.parameter(value);
                self.push("))");
            }
            Dialect::Postgres => {
                self.push("(SELECT jsonb_array_elements_text(");
                self.parameter(value);
                self.push("::jsonb))");
            }
        }
    }

    fn parameter(&mut self, value: Value) {
        self.values.push(value);
        // Writing to a string cannot fail.
        let _ = match self.dialect {
            Dialect::Sqlite => write!(self.sql, "?{}", self.values.len()),
            Dialect::Postgres => write!(self.sql, "${}", self.values.len()),
        };
    }

    fn push(&mut self, sql: &str) {
        self.sql.push_str(sql);
    }
}

/// Whether every predicate of a filter is known.
fn is_known(predicate: &Predicate) -> bool {
    use predicate::Predicate as Kind;
    match predicate.predicate.as_ref() {
        Some(Kind::And(all)) => all.predicates.iter().all(is_known),
        Some(Kind::Or(any)) => any.predicates.iter().all(is_known),
        Some(Kind::Not(below)) => is_known(below),
        Some(
            Kind::HasTag(_)
            | Kind::HasTagId(_)
            | Kind::HasTagName(_)
            | Kind::TypeIn(_)
            | Kind::CreatedBetween(_)
            | Kind::IdIn(_)
            | Kind::SchemaIn(_)
            | Kind::Everything(_)
            | Kind::Nothing(_),
        ) => true,
        None => false,
    }
}

fn micros(timestamp: Timestamp) -> i64 {
    timestamp.seconds.saturating_mul(1_000_000).saturating_add(i64::from(timestamp.nanos / 1_000))
}
