//! CPU work above a millisecond, off the async workers.

use admission::completion::to_completion;
use tokio::task::spawn_blocking;

use crate::error::ApiError;

/// Bytes of JSON up to which it is read or written on the async worker.
const INLINE_BYTES: usize = 64 * 1024;

/// Runs `work` on so many bytes. The request keeps its permit until the work has ended, also when the client goes away.
pub(crate) async fn run_sized<T: Send + 'static>(
    bytes: usize,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    if bytes <= INLINE_BYTES {
        return Ok(work());
    }
    let done = to_completion(spawn_blocking(work)).await;
    done.and_then(|done| done).map_err(|_| ApiError::internal())
}
