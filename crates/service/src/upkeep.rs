//! Upkeep: work in the background that no request waits for.

use runtime::shutdown::Shutdown;
use tracing::warn;

/// Failures after which a list is given up: the database is not available.
const MAX_FAILURES: u32 = 3;

/// Does some work unless the shutdown begins. A change that is cut is rolled back, and repeated by the next process. An error is logged.
pub async fn attempt<E: std::error::Error>(shutdown: &Shutdown, work: impl Future<Output = Result<(), E>>) {
    if let Some(Err(error)) = shutdown.unless_begun(work).await {
        log(&error);
    }
}

/// The failures of changes of many persons. One that fails does not delay the others.
#[derive(Debug, Default)]
pub struct Failures(u32);

impl Failures {
    /// The result of a change, or the default if it failed; an error after too many failures.
    pub fn tolerate<T: Default, E: std::error::Error>(&mut self, result: Result<T, E>) -> Result<T, E> {
        let Err(error) = result else { return result };
        self.0 += 1;
        if self.0 >= MAX_FAILURES {
            return Err(error);
        }
        log(&error);
        Ok(T::default())
    }
}

fn log(error: &impl std::error::Error) {
    let cause = error.source().map(ToString::to_string);
    warn!(%error, cause, "upkeep failed; retrying");
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn few_failures_are_tolerated() {
        let mut failures = Failures::default();
        let failed = || Err::<u32, _>(Error::from(ErrorKind::Other));
        assert_eq!(failures.tolerate(Ok::<_, Error>(7)).unwrap(), 7);
        assert_eq!(failures.tolerate(failed()).unwrap(), 0);
        assert_eq!(failures.tolerate(failed()).unwrap(), 0);
        assert!(failures.tolerate(failed()).is_err());
    }
}
