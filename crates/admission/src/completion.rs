//! Changes that run to completion when their caller goes away.

use tokio::task::JoinError;
use tracing::Instrument;

use crate::{current_permit, with_permit};

/// Runs `work` to completion, also when the caller goes away. A COMMIT that is cancelled may or may not take effect, so a write that
/// has started is always finished. The task keeps the permit of its caller. Returns an error if `work` panics.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    // Its log lines belong to the request.
    let work = work.in_current_span();
    match current_permit() {
        Some(permit) => tokio::spawn(with_permit(permit, work)).await,
        None => tokio::spawn(work).await,
    }
}
