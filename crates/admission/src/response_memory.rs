//! Memory of responses until their clients have read them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{RejectionReason, Reservation};

/// Memory that one request reserves for its response; released when the last clone is dropped.
#[derive(Clone, Debug)]
pub struct ResponseMemory(Arc<Mutex<Reservation>>);

impl ResponseMemory {
    /// Memory taken from an empty reservation.
    pub fn new(reservation: Reservation) -> Self {
        Self(Arc::new(Mutex::new(reservation)))
    }

    /// Reserves this many more bytes.
    pub fn reserve(&self, bytes: usize) -> Result<(), RejectionReason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).try_grow(bytes as u64)
    }

    /// Releases what exceeds this many bytes.
    pub fn shrink_to(&self, bytes: usize) {
        let mut reservation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let excess = reservation.amount().saturating_sub(bytes as u64);
        reservation.release(excess);
    }

    /// Raises the reservation to this many bytes in total.
    pub fn reserve_total(&self, bytes: usize) -> Result<(), RejectionReason> {
        let mut reservation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = (bytes as u64).saturating_sub(reservation.amount());
        reservation.try_grow(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Caller, SharedPool};

    #[test]
    fn memory_is_released_with_its_last_clone() {
        let pool = SharedPool::new("test", 1_000);
        let memory = || ResponseMemory::new(pool.reservation(Caller::new(&"ann")));
        let one = memory();
        one.reserve(100).unwrap();
        one.reserve_total(450).unwrap();
        let also_one = one.clone();
        assert!(memory().reserve(200).is_err(), "the caller has its share");
        drop(one);
        assert!(memory().reserve(200).is_err(), "a clone still holds it");
        drop(also_one);
        let whole = memory();
        whole.reserve(1_000).unwrap();
        whole.shrink_to(300);
        memory().reserve(300).unwrap();
    }
}
