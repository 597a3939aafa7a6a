//! Database settings: URL and connections.

use std::{path::PathBuf, time::Duration};

use runtime::doctor::Doctor;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use secrecy::{ExposeSecret, SecretString};

/// The database of a service.
#[derive(clap::Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// `sqlite://path?mode=rwc` or `postgres://user:password@host/database`
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: SecretString,
    /// Connections held at most: half of them for changes, the rest for reads, and one of each at least (on SQLite: for reads; one more
    /// makes the changes)
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_connections: u32,
    /// How long a call waits for a connection or for another change of the same person
    #[arg(long, env = "DATABASE_WAIT", default_value = "3s", value_parser = humantime::parse_duration)]
    pub database_wait: Duration,
}

impl DatabaseSettings {
    /// How many of the connections serve reads, and how many changes.
    pub(super) fn read_and_write_connections(&self) -> (u32, u32) {
        let writes = (self.database_connections / 2).max(1);
        ((self.database_connections - writes).max(1), writes)
    }

    /// The file of a SQLite database; `None` for another database.
    pub fn sqlite_file(&self) -> Option<PathBuf> {
        let url = self.database_url.expose_secret();
        let options: SqliteConnectOptions = url.starts_with("sqlite:").then(|| url.parse().ok())??;
        Some(options.get_filename().to_owned())
    }
}

/// Check of `doctor`: reports a SQLite file that does not exist yet. Returns whether there is a database to check.
pub fn check_database_file(doctor: &mut Doctor, settings: &DatabaseSettings) -> bool {
    let Some(path) = settings.sqlite_file() else { return true };
    if path.exists() {
        return true;
    }
    doctor.warning("database", format!("{} does not exist yet; `serve` and `migrate` create it", path.display()));
    false
}
