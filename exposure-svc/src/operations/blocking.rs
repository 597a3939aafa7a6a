//! CPU work off the async workers.

use anyhow::anyhow;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::Error;

/// Pieces of work at a time: as many as keep both cores of a small machine busy. A list of large profiles takes much memory, and a
/// comparison of two much CPU; others wait before they take any.
static PERMITS: Semaphore = Semaphore::const_new(2);

/// A permit to do work, held from before its input is read.
pub(super) type Permit = SemaphorePermit<'static>;

/// Waits for a permit.
pub(super) async fn permit() -> Result<Permit, Error> {
    PERMITS.acquire().await.map_err(|error| Error::Internal(anyhow!(error)))
}

/// Runs `work` on a thread for blocking work and returns the permit with its result. The permit is held to the end of the work, also
/// when its caller goes away.
pub(super) async fn run_blocking<T: Send + 'static>(
    permit: Permit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(Permit, T), Error> {
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        (permit, done)
    });
    done.await.map_err(|error| Error::Internal(anyhow!(error)))
}
