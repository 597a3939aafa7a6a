//! What nobody waits for any more.

/// Does something when it is dropped, unless it was told that there is no need to. A request whose caller goes away is dropped
/// where it stands; what it was would be said nowhere.
#[must_use = "dropped, it does what it is there to do"]
pub struct EarlyDropGuard<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> EarlyDropGuard<F> {
    /// Does `say` when it is dropped.
    pub fn new(say: F) -> Self {
        Self(Some(say))
    }

    /// There is an answer.
    pub fn answered(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for EarlyDropGuard<F> {
    fn drop(&mut self) {
        if let Some(say) = self.0.take() {
            say();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn only_what_was_not_answered_is_said() {
        let said = Cell::new(0);
        EarlyDropGuard::new(|| said.set(said.get() + 1)).answered();
        assert_eq!(said.get(), 0);
        drop(EarlyDropGuard::new(|| said.set(said.get() + 1)));
        assert_eq!(said.get(), 1);
    }
}
