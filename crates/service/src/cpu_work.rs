//! A budget for CPU work that takes more than a millisecond, off the async workers.

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use admission::{Caller, ConcurrencyLimiter, ConcurrencyLimits, LimiterPermit, RejectionReason};
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::{JoinError, block_in_place, spawn_blocking},
};

/// Changes and lists of users, who take turns. A list of large profiles takes much memory, and a comparison of two much CPU; others wait
/// before they take any.
static OF_USERS: LazyLock<Arc<ConcurrencyLimiter>> = LazyLock::new(|| limiter("cpu work of users"));
/// Decisions, which do not wait for changes.
static OF_SERVICES: LazyLock<Arc<ConcurrencyLimiter>> = LazyLock::new(|| limiter("cpu work of services"));
/// Pieces of work of each kind at a time: as many as keep both cores of a small machine busy.
const RUNNING: u32 = 2;
/// The maximum wait.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// A permit to do work, held from before its input is read where the input is large.
pub type Permit = LimiterPermit;

/// Why CPU work was not done.
#[derive(Debug)]
pub enum CpuWorkError {
    /// No permit became free.
    NoPermit(RejectionReason),
    /// The work failed.
    Failed(JoinError),
}

/// Waits for a permit for a change or a list of `user`.
pub async fn permit_of(user: &str) -> Result<Permit, CpuWorkError> {
    permit(&OF_USERS, Caller::new(&("user", user))).await
}

/// Waits for a permit for decisions that services ask for.
pub async fn permit_of_services() -> Result<Permit, CpuWorkError> {
    permit(&OF_SERVICES, Caller::new(&"services")).await
}

fn limiter(name: &str) -> Arc<ConcurrencyLimiter> {
    // Each waiter belongs to an admitted call or stream, so their number is bounded already.
    let (running, waiting) = (RUNNING, u32::MAX);
    let limits = ConcurrencyLimits { running, running_per_caller: running, waiting, waiting_in_order: waiting };
    ConcurrencyLimiter::new(name, limits)
}

async fn permit(limiter: &Arc<ConcurrencyLimiter>, caller: Caller) -> Result<Permit, CpuWorkError> {
    limiter.acquire(caller, MAX_WAIT).await.map_err(CpuWorkError::NoPermit)
}

/// Runs `work` on a thread for blocking work and returns the permit with its result. The permit is held to the end of the work, also
/// when its caller goes away.
pub async fn run_blocking<T: Send + 'static>(
    permit: Permit,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<(Permit, T), CpuWorkError> {
    let done = spawn_blocking(move || {
        let done = work();
        (permit, done)
    });
    done.await.map_err(CpuWorkError::Failed)
}

/// The budget of one call whose size shows only when its input is read: a permit is acquired when it turns out to be large, and held
/// until the call ends.
#[derive(Debug)]
pub struct CpuBudget {
    /// `None`: of services.
    user: Option<String>,
    permit: Option<Permit>,
}

impl CpuBudget {
    /// For a decision that a service asks for.
    pub fn of_services() -> Self {
        Self { user: None, permit: None }
    }

    /// For a list of `user`.
    pub fn of_user(user: &str) -> Self {
        Self { user: Some(user.to_owned()), permit: None }
    }

    /// Waits for a permit, unless one is held. Returns whether it waited: what was read before may have changed meanwhile.
    pub async fn acquire(&mut self) -> Result<bool, CpuWorkError> {
        if self.permit.is_some() {
            return Ok(false);
        }
        let mut permit = pin!(async {
            match &self.user {
                Some(user) => permit_of(user).await,
                None => permit_of_services().await,
            }
        });
        let mut has_waited = false;
        let permit = poll_fn(|context| {
            let polled = permit.as_mut().poll(context);
            has_waited |= polled.is_pending();
            polled
        });
        let permit = permit.await?;
        self.permit = Some(permit);
        Ok(has_waited)
    }

    /// Runs `work`: with a permit after the other tasks of this thread were given to another worker.
    pub fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        // A runtime with one thread has no other worker.
        let has_other_workers = || Handle::current().runtime_flavor() != RuntimeFlavor::CurrentThread;
        if self.permit.is_some() && has_other_workers() { block_in_place(work) } else { work() }
    }
}

impl fmt::Display for CpuWorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPermit(reason) => write!(f, "no permit for CPU work: {}", reason.as_str()),
            Self::Failed(_) => f.write_str("CPU work failed"),
        }
    }
}

impl std::error::Error for CpuWorkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NoPermit(_) => None,
            Self::Failed(error) => Some(error),
        }
    }
}
