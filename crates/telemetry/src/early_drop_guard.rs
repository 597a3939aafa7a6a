//! Drop guard that reports a request whose caller went away.
//!
//! `tower_http::on_early_drop::OnEarlyDropGuard` takes a `'static` callback only, so each request would have to clone its method,
//! path and span for a case that is rare.

/// Calls a function when it is dropped before [`completed`](Self::completed).
#[must_use = "it reports when it is dropped"]
pub struct EarlyDropGuard<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> EarlyDropGuard<F> {
    /// Calls `report` on an early drop.
    pub fn new(report: F) -> Self {
        Self(Some(report))
    }

    /// The request was answered; nothing is reported.
    pub fn completed(mut self) {
        self.0 = None;
    }
}

impl<F: FnOnce()> Drop for EarlyDropGuard<F> {
    fn drop(&mut self) {
        if let Some(report) = self.0.take() {
            report();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn early_drop_is_reported_once() {
        let reported = Cell::new(0);
        EarlyDropGuard::new(|| reported.set(reported.get() + 1)).completed();
        assert_eq!(reported.get(), 0);
        drop(EarlyDropGuard::new(|| reported.set(reported.get() + 1)));
        assert_eq!(reported.get(), 1);
    }
}
