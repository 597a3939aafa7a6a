//! Reports the health of a service by the state of its database.

use std::time::Duration;

use grpc_server::Health;
use persistence::Database;
use runtime::shutdown::Shutdown;
use tracing::{error, info, warn};

/// Time between two pings of the database.
const INTERVAL: Duration = Duration::from_secs(1);
/// A database that does not answer a ping in this time is unavailable.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Reports health until the shutdown begins.
pub(crate) async fn run(health: Health, database: Database, shutdown: Shutdown) {
    let services = health.services().to_vec();
    let (mut serving, mut writes) = (None, None);
    loop {
        let ping = tokio::time::timeout(TIMEOUT, database.ping()).await;
        let is_serving = matches!(ping, Ok(Ok(())));
        if serving != Some(is_serving) {
            serving = Some(is_serving);
            health.set_serving(is_serving).await;
            if is_serving {
                info!(?services, "serving");
            } else {
                let cause = match (database.connection_failure().await, ping) {
                    (Some(cause), _) => cause,
                    (None, Ok(Err(error))) => error.to_string(),
                    (None, Ok(Ok(())) | Err(_)) => format!("no answer within {} s", TIMEOUT.as_secs()),
                };
                warn!(error = cause, ?services, "not serving: the database does not respond");
            }
        }
        let write_failure = database.write_failure();
        if writes.as_ref() != Some(&write_failure) {
            match write_failure.as_deref() {
                Some(cause) => error!(?services, cause, "changes cannot be stored; reads work"),
                None if writes.is_some() => info!(?services, "changes can be stored again"),
                None => {}
            }
            health.set_writes(write_failure.as_deref()).await;
            writes = Some(write_failure);
        }
        tokio::select! {
            () = shutdown.begun() => break,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    health.shut_down().await;
    info!(?services, "not serving");
}
