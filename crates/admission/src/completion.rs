//! Writes that outlive their caller.

use tokio::task::JoinError;
use tracing::Instrument;

use crate::{current_place, while_admitted};

/// Runs `work` to its end even when the caller goes away. A database told to cancel during COMMIT may say either; a write,
/// once sent, is finished, so that what it says is what happened. It keeps the place among what is worked on that its caller
/// had. `Err`: the work panicked.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    // What it logs is of the request that asked for it.
    let work = work.in_current_span();
    match current_place() {
        Some(place) => tokio::spawn(while_admitted(place, work)).await,
        None => tokio::spawn(work).await,
    }
}
