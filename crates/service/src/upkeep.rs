//! Upkeep: work in the background that no request waits for.

use std::collections::HashSet;

use runtime::shutdown::Shutdown;
use tracing::warn;

/// Failures for different persons in a row after which the work is given up: the database is not available.
const MAX_IN_A_ROW: u32 = 3;

/// Does some work unless the shutdown begins. A change that is cut is rolled back, and repeated by the next process. An error is logged.
pub async fn attempt<E: std::error::Error>(shutdown: &Shutdown, work: impl Future<Output = Result<(), E>>) {
    if let Some(Err(error)) = shutdown.unless_begun(work).await {
        log(&error);
    }
}

/// The persons for whom a pass has failed. They are skipped until the next pass, so that they do not delay others.
#[derive(Debug, Default)]
pub struct Failures {
    persons: HashSet<String>,
    in_a_row: u32,
}

impl Failures {
    /// Those for whom it has failed: the next read leaves them out, or a page of them would hide others.
    pub fn persons(&self) -> Vec<String> {
        self.persons.iter().cloned().collect()
    }

    /// Executes `work` for `person`, unless it failed for them before. Returns the default if it failed; an error if it fails for everyone.
    pub async fn tolerate<T: Default, E: std::error::Error>(
        &mut self,
        person: &str,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if self.persons.contains(person) {
            return Ok(T::default());
        }
        match work.await {
            Ok(done) => {
                self.in_a_row = 0;
                Ok(done)
            }
            Err(error) => {
                self.persons.insert(person.to_owned());
                self.in_a_row += 1;
                if self.in_a_row >= MAX_IN_A_ROW {
                    return Err(error);
                }
                log(&error);
                Ok(T::default())
            }
        }
    }
}

fn log(error: &impl std::error::Error) {
    let cause = error.source().map(ToString::to_string);
    warn!(%error, cause, "upkeep failed; retrying");
}

#[cfg(test)]
mod tests {
    use std::{
        future::{Ready, ready},
        io::{Error, ErrorKind},
    };

    use super::*;

    fn failed() -> Ready<Result<u32, Error>> {
        ready(Err(Error::from(ErrorKind::Other)))
    }

    #[tokio::test]
    async fn person_who_fails_is_skipped() {
        let mut failures = Failures::default();
        for person in ["ann", "bob"] {
            for _ in 0..10 {
                assert_eq!(failures.tolerate(person, failed()).await.unwrap(), 0);
            }
        }
        // Not even tried.
        assert_eq!(failures.tolerate("ann", async { Ok::<_, Error>(7) }).await.unwrap(), 0);
        assert_eq!(failures.tolerate("cyd", async { Ok::<_, Error>(7) }).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_fails_for_everyone_is_given_up() {
        let mut failures = Failures::default();
        assert!(failures.tolerate("ann", failed()).await.is_ok() && failures.tolerate("bob", failed()).await.is_ok());
        assert!(failures.tolerate("cyd", failed()).await.is_err());
    }
}
