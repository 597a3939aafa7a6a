//! Nodes in a database.

use sqlx::{AnyPool, Row, any::AnyPoolOptions};
use unicode_normalization::UnicodeNormalization;

use crate::{Condition, Dialect, Value};

/// A node, with what the permission services need to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of a node")]
pub struct Node {
    pub id: String,
    pub owner: String,
    pub title: String,
    pub node_type: String,
    pub schema: Option<String>,
    /// Microseconds since the Unix epoch.
    pub created_at: i64,
    /// Ids and names; names are stored as filters compare them, in Unicode NFC without white space around them.
    pub tags: Vec<(String, String)>,
    /// What the graph says it can be reached from; of interest where a share names one of them as its root.
    pub roots: Vec<String>,
}

/// The nodes of many people.
pub struct Nodes {
    pool: AnyPool,
    dialect: Dialect,
}

/// `key` is the store's own: ids are unique within their owner's graph only.
const TABLES: [&str; 3] = [
    "CREATE TABLE nodes (key BIGINT PRIMARY KEY, id TEXT NOT NULL, owner_id TEXT NOT NULL, title TEXT NOT NULL,
        node_type TEXT NOT NULL, schema_id TEXT, created_at BIGINT NOT NULL, UNIQUE (owner_id, id))",
    "CREATE TABLE node_tags (node_key BIGINT NOT NULL, tag_id TEXT NOT NULL, tag_name TEXT NOT NULL,
        PRIMARY KEY (node_key, tag_id))",
    "CREATE TABLE node_roots (node_key BIGINT NOT NULL, root_id TEXT NOT NULL, PRIMARY KEY (node_key, root_id))",
];

impl Nodes {
    /// Opens a database and creates its tables.
    pub async fn create(url: &str) -> anyhow::Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = if url.starts_with("sqlite:") { Dialect::Sqlite } else { Dialect::Postgres };
        // One connection, so that a database in memory is one.
        let pool = AnyPoolOptions::new().max_connections(1).connect(url).await?;
        for table in TABLES {
            sqlx::query(table).execute(&pool).await?;
        }
        Ok(Self { pool, dialect })
    }

    /// Which database it is.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Puts nodes in.
    pub async fn insert(&self, nodes: &[Node]) -> anyhow::Result<()> {
        let mut transaction = self.pool.begin().await?;
        for (key, node) in (1_i64..).zip(nodes) {
            sqlx::query("INSERT INTO nodes VALUES ($1, $2, $3, $4, $5, $6, $7)")
                .bind(key)
                .bind(&node.id)
                .bind(&node.owner)
                .bind(&node.title)
                .bind(&node.node_type)
                .bind(&node.schema)
                .bind(node.created_at)
                .execute(&mut *transaction)
                .await?;
            for (id, name) in &node.tags {
                let name: String = name.trim().nfc().collect();
                let insert = sqlx::query("INSERT INTO node_tags VALUES ($1, $2, $3)").bind(key).bind(id).bind(name);
                insert.execute(&mut *transaction).await?;
            }
            for root in &node.roots {
                let insert = sqlx::query("INSERT INTO node_roots VALUES ($1, $2)").bind(key).bind(root);
                insert.execute(&mut *transaction).await?;
            }
        }
        Ok(transaction.commit().await?)
    }

    /// The ids and titles of the nodes that match a condition, sorted by id.
    pub async fn list(&self, condition: &Condition) -> anyhow::Result<Vec<(String, String)>> {
        let sql = format!("SELECT id, title FROM nodes WHERE {} ORDER BY id", condition.sql);
        // The SQL text consists of constants; user input is bound.
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        for value in &condition.values {
            query = match value {
                Value::Text(text) => query.bind(text.clone()),
                Value::Integer(number) => query.bind(*number),
            };
        }
        let rows = query.fetch_all(&self.pool).await?;
        rows.into_iter().map(|row| Ok((row.try_get("id")?, row.try_get("title")?))).collect()
    }
}
