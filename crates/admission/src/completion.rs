//! Changes that run to completion when their caller goes away.

use tokio::task::JoinError;
use tracing::Instrument;

use crate::{current_permit, with_permit};

/// Runs `work` to its end even when the caller goes away. A database told to cancel during COMMIT may say either; a write,
/// once sent, is finished, so that what it says is what happened. It keeps the permit among what is worked on that its caller
/// had. `Err`: the work panicked.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    // What it logs is of the request that asked for it.
    let work = work.in_current_span();
    match current_permit() {
        Some(permit) => tokio::spawn(with_permit(permit, work)).await,
        None => tokio::spawn(work).await,
    }
}
