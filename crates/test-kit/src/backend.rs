//! The databases that every behaviour is shown over.

use std::fmt;

use tempfile::TempDir;

use crate::postgres;

/// A database for one test, removed at its end.
pub struct Backend {
    name: &'static str,
    url: String,
    folder: TempDir,
}

impl Backend {
    /// A new SQLite database.
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}?mode=rwc", folder.path().join("test.db").display());
        Self { name: "SQLite", url, folder }
    }

    /// A new database on a PostgreSQL server; `None` where there is no PostgreSQL, which is said, and is a failure where the
    /// environment says `REQUIRE_POSTGRES=1`.
    pub async fn postgres() -> Option<Self> {
        let url = postgres::new_database().await?;
        Some(Self { name: "PostgreSQL", url, folder: tempfile::tempdir().expect("a temporary folder") })
    }

    /// Where a service finds it.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// Where another service finds one of its own: on PostgreSQL the same database, in which each keeps to its schema.
    pub fn other_url(&self) -> String {
        self.url.replace("test.db", "other.db")
    }

    /// A directory that is removed with the database.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// As [`on_both`]; afterwards `check` inspects each statement that PostgreSQL received.
pub async fn on_both_checking<F: Future<Output = ()>>(behaviour: impl Fn(Backend) -> F, check: impl Fn(&str)) {
    behaviour(Backend::sqlite()).await;
    if let Some(postgres) = Backend::postgres().await {
        let url = postgres.url();
        behaviour(postgres).await;
        for statement in postgres::statements(&url).await.into_iter().flatten() {
            check(&statement);
        }
    }
}

/// Shows a behaviour over SQLite and over PostgreSQL.
pub async fn on_both<F: Future<Output = ()>>(behaviour: impl Fn(Backend) -> F) {
    behaviour(Backend::sqlite()).await;
    if let Some(postgres) = Backend::postgres().await {
        behaviour(postgres).await;
    }
}
