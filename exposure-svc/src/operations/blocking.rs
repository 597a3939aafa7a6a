//! CPU work off the async workers.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use admission::{Caller, ConcurrencyLimiter, ConcurrencyLimits, LimiterPermit};
use anyhow::anyhow;

use crate::{domain::UserId, error::Error};

/// Changes and lists of users, who take turns. A list of large profiles takes much memory, and a comparison of two much CPU; others wait
/// before they take any.
static OF_USERS: LazyLock<Arc<ConcurrencyLimiter>> = LazyLock::new(|| limiter("cpu work of users"));
/// Decisions, which do not wait for changes.
static OF_SERVICES: LazyLock<Arc<ConcurrencyLimiter>> = LazyLock::new(|| limiter("cpu work of services"));
/// Pieces of work of each kind at a time: as many as keep both cores of a small machine busy.
const RUNNING: u32 = 2;
/// The maximum wait.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// A permit to do work, held from before its input is read.
pub(super) type Permit = LimiterPermit;

/// Waits for a permit for a change or a list of `user`.
pub(super) async fn permit_of(user: &UserId) -> Result<Permit, Error> {
    permit(&OF_USERS, Caller::new(&("user", user.as_str()))).await
}

/// Waits for a permit for decisions that services ask for.
pub(super) async fn permit_of_services() -> Result<Permit, Error> {
    permit(&OF_SERVICES, Caller::new(&"services")).await
}

fn limiter(name: &str) -> Arc<ConcurrencyLimiter> {
    // Each waiter belongs to an admitted call or stream, so their number is bounded already.
    let (running, waiting) = (RUNNING, u32::MAX);
    let limits = ConcurrencyLimits { running, running_per_caller: running, waiting, waiting_in_order: waiting };
    ConcurrencyLimiter::new(name, limits)
}

async fn permit(limiter: &Arc<ConcurrencyLimiter>, caller: Caller) -> Result<Permit, Error> {
    let permit = limiter.acquire(caller, MAX_WAIT).await;
    permit.map_err(|reason| Error::Unavailable(anyhow!("no permit for CPU work: {reason:?}")))
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
