//! How busy the connections of a database are
//! (<https://opentelemetry.io/docs/specs/semconv/database/database-metrics/#connection-pools>).

use metrics::{describe_gauge, gauge};
use sea_orm::{DatabaseConnection, DbBackend};

use super::Database;
use crate::telemetry::metrics::{Probe, before_scrape};

const COUNT: &str = "db_client_connection_count";
const MAX: &str = "db_client_connection_max";

impl Database {
    /// Shows the connections of this database, named `name`, until what it gives back is dropped.
    pub fn observe(&self, name: &'static str) -> Probe {
        describe_gauge!(COUNT, "Connections to the database, by what they are doing");
        describe_gauge!(MAX, "Connections to the database that there may be");
        let (reader, writer) = (self.reader.pool.clone(), self.writer.clone());
        before_scrape(move || {
            show(name, "read", &reader);
            show(name, "write", &writer);
        })
    }
}

fn show(database: &'static str, purpose: &'static str, connection: &DatabaseConnection) {
    let (all, idle, most) = if connection.get_database_backend() == DbBackend::Postgres {
        let pool = connection.get_postgres_connection_pool();
        (pool.size(), pool.num_idle(), pool.options().get_max_connections())
    } else {
        let pool = connection.get_sqlite_connection_pool();
        (pool.size(), pool.num_idle(), pool.options().get_max_connections())
    };
    let idle = u32::try_from(idle).unwrap_or(all).min(all);
    let labels = [("db_client_connection_pool_name", database), ("purpose", purpose)];
    for (state, number) in [("idle", idle), ("used", all - idle)] {
        let [pool, purpose] = labels;
        gauge!(COUNT, &[pool, purpose, ("db_client_connection_state", state)]).set(f64::from(number));
    }
    gauge!(MAX, &labels).set(f64::from(most));
}
