//! Per-user limits: requests in flight, concurrent operations of one kind, and bytes of unread responses.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use types::{Id, User};

/// Limits what one user holds at the same time.
#[derive(Clone)]
pub struct PerUserLimiter {
    max_requests: u32,
    max_unread_bytes: usize,
    usage: Arc<Mutex<HashMap<Id<User>, Usage>>>,
}

/// Kinds of operations with separate limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationKind {
    /// An operation that changes nothing.
    Read,
    /// An operation that may change something.
    Write,
}

/// What one user holds.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usage {
    requests: u32,
    reads: u32,
    writes: u32,
    unread_bytes: usize,
}

/// Permission for one request of a user, until it is dropped.
pub struct UserPermit {
    user: Id<User>,
    limiter: PerUserLimiter,
    unread_bytes: usize,
}

/// Permission for one operation of a user, until it is dropped.
pub struct OperationPermit {
    user: Id<User>,
    limiter: PerUserLimiter,
    kind: OperationKind,
}

impl PerUserLimiter {
    /// Each user may have `max_requests` in flight, and responses of `max_unread_bytes` that the client has not read.
    pub fn new(max_requests: u32, max_unread_bytes: usize) -> Self {
        Self { max_requests, max_unread_bytes, usage: Arc::default() }
    }

    /// Acquires a permit for a request; `None` at the limit.
    pub fn try_acquire(&self, user: &Id<User>) -> Option<UserPermit> {
        let is_acquired = self.update(user, |usage| {
            let is_below = usage.requests < self.max_requests;
            usage.requests += u32::from(is_below);
            is_below
        });
        is_acquired.then(|| UserPermit { user: user.clone(), limiter: self.clone(), unread_bytes: 0 })
    }

    /// Updates the usage of a user. Users who hold nothing have no entry.
    fn update<T>(&self, user: &Id<User>, update: impl FnOnce(&mut Usage) -> T) -> T {
        let mut all = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        match all.entry(user.clone()) {
            Entry::Occupied(mut usage) => {
                let result = update(usage.get_mut());
                if *usage.get() == Usage::default() {
                    usage.remove();
                }
                result
            }
            Entry::Vacant(vacant) => {
                let mut usage = Usage::default();
                let result = update(&mut usage);
                if usage != Usage::default() {
                    vacant.insert(usage);
                }
                result
            }
        }
    }
}

impl Usage {
    fn operations(&mut self, kind: OperationKind) -> &mut u32 {
        match kind {
            OperationKind::Read => &mut self.reads,
            OperationKind::Write => &mut self.writes,
        }
    }
}

impl UserPermit {
    /// Acquires a permit for the operation of this request; `None` if the user holds `max` of this kind.
    pub fn try_acquire_operation(&self, kind: OperationKind, max: u32) -> Option<OperationPermit> {
        let is_acquired = self.limiter.update(&self.user, |usage| {
            let count = usage.operations(kind);
            let is_below = *count < max;
            *count += u32::from(is_below);
            is_below
        });
        is_acquired.then(|| OperationPermit { user: self.user.clone(), limiter: self.limiter.clone(), kind })
    }

    /// Reserves bytes of an unread response while this permit lives; whether the limit allows it. A user's only response may have
    /// any size.
    pub fn try_reserve(&mut self, bytes: usize) -> bool {
        let max = self.limiter.max_unread_bytes;
        let is_allowed = self.limiter.update(&self.user, |usage| {
            let is_allowed = usage.unread_bytes == 0 || usage.unread_bytes.saturating_add(bytes) <= max;
            usage.unread_bytes += if is_allowed { bytes } else { 0 };
            is_allowed
        });
        self.unread_bytes += if is_allowed { bytes } else { 0 };
        is_allowed
    }
}

impl Drop for UserPermit {
    fn drop(&mut self) {
        self.limiter.update(&self.user, |usage| {
            usage.requests -= 1;
            usage.unread_bytes -= self.unread_bytes;
        });
    }
}

impl Drop for OperationPermit {
    fn drop(&mut self) {
        self.limiter.update(&self.user, |usage| *usage.operations(self.kind) -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann_and_bob() -> [Id<User>; 2] {
        ["ann", "bob"].map(|name| Id::parse(name).unwrap())
    }

    #[test]
    fn limit_is_per_user_and_idle_users_have_no_entry() {
        let limiter = PerUserLimiter::new(2, 10);
        let [ann, bob] = ann_and_bob();
        let (one, two) = (limiter.try_acquire(&ann), limiter.try_acquire(&ann));
        assert!(one.is_some() && two.is_some() && limiter.try_acquire(&ann).is_none());
        assert!(limiter.try_acquire(&bob).is_some());
        drop(one);
        assert!(limiter.try_acquire(&ann).is_some());
        drop(two);
        assert!(limiter.usage.lock().unwrap().is_empty());
    }

    #[test]
    fn kinds_of_operations_have_separate_limits() {
        let limiter = PerUserLimiter::new(9, 10);
        let [ann, _] = ann_and_bob();
        let (one, two, three) = (
            limiter.try_acquire(&ann).unwrap(),
            limiter.try_acquire(&ann).unwrap(),
            limiter.try_acquire(&ann).unwrap(),
        );
        let read = one.try_acquire_operation(OperationKind::Read, 1);
        assert!(read.is_some() && two.try_acquire_operation(OperationKind::Read, 1).is_none());
        assert!(three.try_acquire_operation(OperationKind::Write, 1).is_some());
        drop(read);
        assert!(
            two.try_acquire_operation(OperationKind::Read, 1).is_some(),
            "the first request is in flight, its operation has ended"
        );
    }

    #[test]
    fn unread_bytes_are_limited_except_for_a_single_response() {
        let limiter = PerUserLimiter::new(9, 10);
        let [ann, bob] = ann_and_bob();
        let mut large = limiter.try_acquire(&ann).unwrap();
        assert!(large.try_reserve(25));
        assert!(!limiter.try_acquire(&ann).unwrap().try_reserve(1));
        assert!(limiter.try_acquire(&bob).unwrap().try_reserve(5));
        drop(large);
        let (mut one, mut two) = (limiter.try_acquire(&ann).unwrap(), limiter.try_acquire(&ann).unwrap());
        assert!(one.try_reserve(5) && two.try_reserve(5) && !limiter.try_acquire(&ann).unwrap().try_reserve(1));
        drop((one, two));
        assert!(limiter.usage.lock().unwrap().is_empty());
    }
}
