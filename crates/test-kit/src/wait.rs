//! Waits with a bound.

use std::time::Duration;

/// The bound of every wait: a condition that does not hold by then has failed.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Evaluates `condition`, which asks the system under test, until it returns a value. Panics with `description` after the timeout.
pub async fn wait_until<T>(description: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let attempts = async {
        loop {
            if let Some(value) = condition().await {
                return value;
            }
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(TIMEOUT, attempts).await;
    waited.unwrap_or_else(|elapsed| panic!("{description}: {elapsed}"))
}
