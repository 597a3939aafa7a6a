//! Hints of changes for upkeep.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::domain::{Share, UserId};

/// Creators that are remembered until their quota is checked; the regular pass finds the others.
const MAX_HINTS: usize = 10_000;

/// Hints of changes, so that upkeep need not wait for its next pass.
#[derive(Debug, Default)]
pub(super) struct UpkeepHints {
    ended: Notify,
    erasure: Notify,
    stop: Notify,
    creators: Mutex<BTreeSet<UserId>>,
}

impl UpkeepHints {
    /// A share was revoked: shares below it are to be marked, and its creator has one more that has ended.
    pub(super) fn ended(&self, share: &Share) {
        let mut creators = self.creators.lock().unwrap_or_else(PoisonError::into_inner);
        if creators.len() < MAX_HINTS {
            creators.insert(share.creator.clone());
        }
        self.ended.notify_one();
    }

    /// Shares were revoked by a stop: those below are to be marked.
    pub(super) fn shares_ended(&self) {
        self.ended.notify_one();
    }

    /// A stop was requested.
    pub(super) fn stop_requested(&self) {
        self.stop.notify_one();
    }

    /// Waits for the request of a stop.
    pub(super) async fn stop_was_requested(&self) {
        self.stop.notified().await;
    }

    /// An erasure was requested.
    pub(super) fn erasure_requested(&self) {
        self.erasure.notify_one();
    }

    /// Waits for a share that ends.
    pub(super) async fn share_ended(&self) {
        self.ended.notified().await;
    }

    /// Waits for the request of an erasure.
    pub(super) async fn erasure_was_requested(&self) {
        self.erasure.notified().await;
    }

    /// Takes the creators of shares that ended.
    pub(super) fn take_creators(&self) -> BTreeSet<UserId> {
        std::mem::take(&mut *self.creators.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
