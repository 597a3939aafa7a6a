//! How much of what is worked on at once may be one user's.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use vocabulary::{Id, User};

/// Counts what is under way for each user.
#[derive(Clone)]
pub(crate) struct FairShare {
    limit: u32,
    under_way: Arc<Mutex<HashMap<Id<User>, u32>>>,
}

/// A request of a user, under way until this is dropped.
pub(crate) struct Turn {
    user: Id<User>,
    of: FairShare,
}

impl FairShare {
    /// `limit` at once for each user.
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, under_way: Arc::default() }
    }

    /// How many of one user's may be under way at once, whatever goes on.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// One more of this user's, of `most` at this moment; `None` where they have as many under way as they may.
    pub(crate) fn take(&self, user: &Id<User>, most: u32) -> Option<Turn> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(user.clone()).or_default();
        if *count >= self.limit.min(most) {
            return None;
        }
        *count += 1;
        Some(Turn { user: user.clone(), of: self.clone() })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.of.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = under_way.entry(self.user.clone()) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_takes_nothing_from_another_and_nobody_is_remembered() {
        let share = FairShare::new(2);
        let [ann, bob] = ["ann", "bob"].map(|name| Id::parse(name).unwrap());
        let (one, two) = (share.take(&ann, 9), share.take(&ann, 9));
        assert!(one.is_some() && two.is_some() && share.take(&ann, 9).is_none());
        assert!(share.take(&bob, 9).is_some());
        drop(one);
        assert!(share.take(&ann, 1).is_none() && share.take(&ann, 9).is_some());
        drop(two);
        assert!(share.under_way.lock().unwrap().is_empty());
    }
}
