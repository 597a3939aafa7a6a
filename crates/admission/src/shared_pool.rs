//! A pool of bytes or streams, shared between callers by dynamic thresholds: a caller may hold as much as is left free for the others
//! (Choudhury and Hahne, "Dynamic queue length thresholds for shared-memory packet switches", 1998). One caller alone gets half of
//! the pool, and there is always something left for the next.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{
    Caller,
    limit_metrics::{LimitMetrics, RejectionReason},
};

/// A pool with a fixed capacity.
#[derive(Debug)]
pub struct SharedPool {
    capacity: u64,
    state: Mutex<State>,
    metrics: LimitMetrics,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct State {
    used: u64,
    callers: HashMap<Caller, u64>,
}

/// A part of a pool, held until it is dropped.
#[derive(Debug)]
pub struct Reservation {
    pool: Arc<SharedPool>,
    caller: Caller,
    amount: u64,
}

impl SharedPool {
    /// A pool called `name` in metrics.
    pub fn new(name: &'static str, capacity: u64) -> Arc<Self> {
        Arc::new(Self { capacity, state: Mutex::default(), metrics: LimitMetrics::new(name, capacity) })
    }

    /// Reserves `amount`. What fits may always be the only thing that a caller holds.
    pub fn try_reserve(self: &Arc<Self>, caller: Caller, amount: u64) -> Result<Reservation, RejectionReason> {
        let mut reservation = self.reservation(caller);
        reservation.try_grow(amount)?;
        Ok(reservation)
    }

    /// An empty reservation, for a caller that learns its need later.
    pub fn reservation(self: &Arc<Self>, caller: Caller) -> Reservation {
        Reservation { pool: self.clone(), caller, amount: 0 }
    }

    /// Adds `amount` to a reservation of `held`.
    fn reserve(&self, caller: Caller, held: u64, amount: u64) -> Result<(), RejectionReason> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.capacity - state.used;
        if amount > free {
            return Err(RejectionReason::Exhausted);
        }
        let own = state.callers.get(&caller).copied().unwrap_or_default();
        let is_only_one = own == held;
        if !is_only_one && own + amount > free {
            return Err(RejectionReason::CallerShare);
        }
        state.used += amount;
        *state.callers.entry(caller).or_default() += amount;
        Ok(())
    }

    fn release(&self, caller: Caller, amount: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.used = state.used.saturating_sub(amount);
        if let Some(own) = state.callers.get_mut(&caller) {
            *own = own.saturating_sub(amount);
            if *own == 0 {
                state.callers.remove(&caller);
            }
        }
    }
}

impl Reservation {
    /// Reserves more.
    pub fn try_grow(&mut self, amount: u64) -> Result<(), RejectionReason> {
        if amount == 0 {
            return Ok(());
        }
        let pool = &self.pool;
        pool.reserve(self.caller, self.amount, amount).inspect_err(|reason| pool.metrics.rejected(*reason))?;
        pool.metrics.used(amount.cast_signed());
        self.amount += amount;
        Ok(())
    }

    /// Releases everything, and stays usable.
    pub fn clear(&mut self) {
        self.release(self.amount);
    }

    /// Releases a part of it.
    pub fn release(&mut self, amount: u64) {
        let amount = amount.min(self.amount);
        if amount > 0 {
            self.amount -= amount;
            self.pool.release(self.caller, amount);
            self.pool.metrics.used(-amount.cast_signed());
        }
    }

    /// How much is reserved.
    pub fn amount(&self) -> u64 {
        self.amount
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_alone_gets_half_and_others_get_the_rest() {
        let pool = SharedPool::new("test", 100);
        let mut held = Vec::new();
        for caller in 0..8 {
            while let Ok(one) = pool.try_reserve(Caller::new(&caller), 1) {
                held.push((caller, one));
            }
        }
        let of = |caller| held.iter().filter(|(of, _)| *of == caller).count();
        assert_eq!([of(0), of(1), of(2)], [50, 25, 13]);
        assert!(of(6) >= 1);
        held.retain(|(caller, _)| *caller != 0);
        assert!(pool.try_reserve(Caller::new(&9), 40).is_ok(), "what is released is free");
        held.clear();
        assert_eq!(*pool.state.lock().unwrap(), State::default());
    }

    #[test]
    fn single_reservation_may_take_all_that_is_free() {
        let pool = SharedPool::new("test", 100);
        let [ann, bob] = ["ann", "bob"].map(|name| Caller::new(&name));
        let mut all = pool.try_reserve(ann, 100).unwrap();
        assert_eq!(pool.try_reserve(bob, 1).err(), Some(RejectionReason::Exhausted));
        all.clear();
        all.try_grow(60).unwrap();
        all.try_grow(10).unwrap();
        assert_eq!(pool.try_reserve(ann, 1).err(), Some(RejectionReason::CallerShare));
        assert!(pool.try_reserve(bob, 30).is_ok());
    }
}
