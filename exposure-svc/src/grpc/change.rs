//! How a change is run.

use admission::completion;
use tonic::Status;

use super::status::status;
use crate::error::Error;

/// Runs a change to completion even if its caller goes away.
pub(super) async fn change<T: Send + 'static>(
    work: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Status> {
    completion::to_completion(work).await.unwrap_or_else(|panic| Err(Error::Internal(panic.into()))).map_err(status)
}
