//! Changes that run to completion when their caller goes away.

use std::sync::Arc;

use tokio::task::JoinError;
use tracing::Instrument;

use crate::LimiterPermit;

tokio::task_local! {
    static PERMIT: Arc<LimiterPermit>;
}

/// Runs `work` with a permit. A change that outlives its caller keeps the permit until it ends.
pub async fn with_permit<T>(permit: LimiterPermit, work: impl Future<Output = T>) -> T {
    PERMIT.scope(Arc::new(permit), work).await
}

/// Runs `work` to completion, also when the caller goes away. A COMMIT that is cancelled may or may not take effect, so a write that
/// has started is always finished. The task keeps the permit of its caller. Returns an error if `work` panics.
pub async fn to_completion<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Result<T, JoinError> {
    // Its log lines belong to the request.
    let work = work.in_current_span();
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
    async fn change_keeps_its_permit_when_its_caller_goes_away() {
        let limiter = ConcurrencyLimiter::new(
            "test",
            ConcurrencyLimits { running: 1, running_per_caller: 1, waiting: 0, waiting_sustained: 0 },
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
