//! How busy the connections of a database are
//! (<https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#connection-pools>).

use metrics::{describe_gauge, gauge};
use runtime::metrics::{Probe, before_scrape};
use sea_orm::{DatabaseConnection, DbBackend};

use super::Database;

const COUNT: &str = "db_client_connection_count";
const MAX: &str = "db_client_connection_max";

impl Database {
    /// Exports the connections of this database as `name` until the returned probe is dropped.
    pub fn observe(&self, name: &'static str) -> Probe {
        describe_gauge!(COUNT, "Database connections by state");
        describe_gauge!(MAX, "Maximum database connections");
        let (reader, writer) = (self.reader.pool.clone(), self.writer.clone());
        before_scrape(move || {
            show(name, "read", &reader);
            show(name, "write", &writer);
        })
    }

    /// Connections that are not idle: in use, being opened, or being tested before they are idle.
    pub fn connections_in_use(&self) -> u32 {
        [&self.reader.pool, &self.writer].into_iter().map(|pool| PoolUse::of(pool).used).sum()
    }
}

/// How many connections of a pool are in which state.
struct PoolUse {
    idle: u32,
    used: u32,
    max: u32,
}

impl PoolUse {
    fn of(connection: &DatabaseConnection) -> Self {
        let (all, idle, max) = if connection.get_database_backend() == DbBackend::Postgres {
            let pool = connection.get_postgres_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        } else {
            let pool = connection.get_sqlite_connection_pool();
            (pool.size(), pool.num_idle(), pool.options().get_max_connections())
        };
        let idle = u32::try_from(idle).unwrap_or(all).min(all);
        Self { idle, used: all - idle, max }
    }
}

fn show(database: &'static str, purpose: &'static str, connection: &DatabaseConnection) {
    let PoolUse { idle, used, max } = PoolUse::of(connection);
    let labels = [("db_client_connection_pool_name", database), ("purpose", purpose)];
    for (state, number) in [("idle", idle), ("used", used)] {
        let [pool, purpose] = labels;
        gauge!(COUNT, &[pool, purpose, ("db_client_connection_state", state)]).set(f64::from(number));
    }
    gauge!(MAX, &labels).set(f64::from(max));
}
