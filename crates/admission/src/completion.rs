//! Changes that run to completion when their caller goes away.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinError;
use tracing::Instrument;

use crate::LimiterPermit;

tokio::task_local! {
    static PERMIT: Arc<LimiterPermit>;
    static ABANDONED: Arc<AtomicBool>;
}

/// Notes that the caller has gone away, when it is dropped.
struct CallerGuard(Arc<AtomicBool>);

impl Drop for CallerGuard {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The caller of a change has gone away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

/// Whether the caller of the change that this task executes is still there. A creation that has not begun to write need not begin: a
/// caller that retries would create a second one. A revocation is always executed.
pub fn check_caller() -> Result<(), Abandoned> {
    let is_abandoned = ABANDONED.try_with(|abandoned| abandoned.load(Ordering::SeqCst)).unwrap_or(false);
    if is_abandoned { Err(Abandoned) } else { Ok(()) }
}

impl std::fmt::Display for Abandoned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the caller went away before the change began")
    }
}

impl std::error::Error for Abandoned {}

/// Runs `work` with a permit. A change that outlives its caller keeps the permit until it ends.
pub async fn with_permit<T>(permit: LimiterPermit, work: impl Future<Output = T>) -> T {
    PERMIT.scope(Arc::new(permit), work).await
}

/// Runs `work` to completion, also when the caller goes away. A COMMIT that is cancelled may or may not take effect, so a write that
/// has started is always finished. The task keeps the permit of its caller. Returns an error if `work` panics.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    let caller = CallerGuard(Arc::default());
    // Its log lines belong to the request.
    let work = ABANDONED.scope(caller.0.clone(), work.in_current_span());
    match PERMIT.try_with(Clone::clone) {
        Ok(permit) => tokio::spawn(PERMIT.scope(permit, work)).await,
        Err(_) => tokio::spawn(work).await,
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll, time::Duration};

    use super::*;
    use crate::{Caller, ConcurrencyLimiter, ConcurrencyLimits};

    #[tokio::test]
    async fn abandoned_change_learns_of_it() {
        let (start, started) = tokio::sync::oneshot::channel::<()>();
        let (seen, result) = tokio::sync::oneshot::channel();
        {
            let caller = to_completion(async move {
                let before = check_caller();
                started.await.unwrap();
                seen.send((before, check_caller())).unwrap();
            });
            let mut caller = std::pin::pin!(caller);
            assert!(poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await);
            tokio::task::yield_now().await;
        }
        start.send(()).unwrap();
        assert_eq!(result.await.unwrap(), (Ok(()), Err(Abandoned)));
        assert_eq!(check_caller(), Ok(()));
    }

    #[tokio::test]
    async fn change_keeps_its_permit_when_its_caller_goes_away() {
        let limiter = ConcurrencyLimiter::new(
            "test",
            ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 0, waiting_in_order: 0 },
        );
        let ann = Caller::new(&"ann");
        let (end, ended) = tokio::sync::oneshot::channel::<()>();
        let permit = limiter.acquire(ann, Duration::ZERO).await.unwrap();
        let caller = with_permit(permit, to_completion(async move { ended.await.unwrap() }));
        {
            let mut caller = std::pin::pin!(caller);
            assert!(poll_fn(|context| Poll::Ready(caller.as_mut().poll(context).is_pending())).await);
        }
        assert!(limiter.acquire(ann, Duration::ZERO).await.is_err(), "the caller went away, the change did not");
        end.send(()).unwrap();
        while limiter.acquire(ann, Duration::ZERO).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}
