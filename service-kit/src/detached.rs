//! Writes that outlive their caller.

use tokio::task::JoinError;

/// Runs `work` to its end even when the caller goes away. A database told to cancel during COMMIT may say either; a write,
/// once sent, is finished, so that what it says is what happened. `Err`: the work panicked.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    tokio::spawn(work).await
}
