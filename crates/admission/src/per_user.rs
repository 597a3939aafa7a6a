//! How much of what is worked on, and of what waits to be taken, may be one user's.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex, PoisonError},
};

use types::{Id, User};

/// Counts what is under way for each user.
#[derive(Clone)]
pub struct FairShare {
    /// Requests at once.
    limit: u32,
    /// Bytes of answers that are not taken.
    most_bytes: usize,
    under_way: Arc<Mutex<HashMap<Id<User>, UnderWay>>>,
}

/// Kinds of work that do not take each other's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What changes nothing.
    Read,
    /// What may.
    Write,
}

/// What one user has under way.
#[derive(Debug, Default, PartialEq, Eq)]
struct UnderWay {
    requests: u32,
    reads: u32,
    writes: u32,
    bytes: usize,
}

/// A request of a user, under way until this is dropped.
pub struct Turn {
    user: Id<User>,
    of: FairShare,
    bytes: usize,
}

/// A request that is worked on, until this is dropped.
pub struct Work {
    user: Id<User>,
    of: FairShare,
    kind: Kind,
}

impl FairShare {
    /// `limit` requests at once for each user, and answers of `most_bytes` that wait to be taken.
    pub fn new(limit: u32, most_bytes: usize) -> Self {
        Self { limit, most_bytes, under_way: Arc::default() }
    }

    /// One more of this user's; `None` where they have as many under way as they may.
    pub fn take(&self, user: &Id<User>) -> Option<Turn> {
        let is_taken = self.change(user, |own| {
            let has_room = own.requests < self.limit;
            own.requests += u32::from(has_room);
            has_room
        });
        is_taken.then(|| Turn { user: user.clone(), of: self.clone(), bytes: 0 })
    }

    /// Changes what is known of a user; who has nothing under way is forgotten.
    fn change<T>(&self, user: &Id<User>, change: impl FnOnce(&mut UnderWay) -> T) -> T {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        match under_way.entry(user.clone()) {
            Entry::Occupied(mut own) => {
                let done = change(own.get_mut());
                if *own.get() == UnderWay::default() {
                    own.remove();
                }
                done
            }
            Entry::Vacant(none) => {
                let mut own = UnderWay::default();
                let done = change(&mut own);
                if own != UnderWay::default() {
                    none.insert(own);
                }
                done
            }
        }
    }
}

impl UnderWay {
    fn worked_on(&mut self, kind: Kind) -> &mut u32 {
        match kind {
            Kind::Read => &mut self.reads,
            Kind::Write => &mut self.writes,
        }
    }
}

impl Turn {
    /// Begins work on it; `None` where `most` of this kind are worked on for its user.
    pub fn begin(&self, kind: Kind, most: u32) -> Option<Work> {
        let has_begun = self.of.change(&self.user, |own| {
            let count = own.worked_on(kind);
            let has_room = *count < most;
            *count += u32::from(has_room);
            has_room
        });
        has_begun.then(|| Work { user: self.user.clone(), of: self.of.clone(), kind })
    }

    /// Has its user hold so many bytes for as long as it lasts; whether they may. One answer may be of any size.
    pub fn hold(&mut self, bytes: usize) -> bool {
        let most_bytes = self.of.most_bytes;
        let may = self.of.change(&self.user, |own| {
            let may = own.bytes == 0 || own.bytes.saturating_add(bytes) <= most_bytes;
            own.bytes += if may { bytes } else { 0 };
            may
        });
        self.bytes += if may { bytes } else { 0 };
        may
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.of.change(&self.user, |own| {
            own.requests -= 1;
            own.bytes -= self.bytes;
        });
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.of.change(&self.user, |own| *own.worked_on(self.kind) -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ann_and_bob() -> [Id<User>; 2] {
        ["ann", "bob"].map(|name| Id::parse(name).unwrap())
    }

    #[test]
    fn one_user_takes_nothing_from_another_and_nobody_is_remembered() {
        let share = FairShare::new(2, 10);
        let [ann, bob] = ann_and_bob();
        let (one, two) = (share.take(&ann), share.take(&ann));
        assert!(one.is_some() && two.is_some() && share.take(&ann).is_none());
        assert!(share.take(&bob).is_some());
        drop(one);
        assert!(share.take(&ann).is_some());
        drop(two);
        assert!(share.under_way.lock().unwrap().is_empty());
    }

    #[test]
    fn work_of_one_kind_is_not_held_against_another_nor_are_answers_that_wait() {
        let share = FairShare::new(9, 10);
        let [ann, _] = ann_and_bob();
        let (one, two, three) = (share.take(&ann).unwrap(), share.take(&ann).unwrap(), share.take(&ann).unwrap());
        let read = one.begin(Kind::Read, 1);
        assert!(read.is_some() && two.begin(Kind::Read, 1).is_none());
        assert!(three.begin(Kind::Write, 1).is_some());
        drop(read);
        assert!(two.begin(Kind::Read, 1).is_some(), "the first is still under way, and not worked on");
    }

    #[test]
    fn what_waits_to_be_taken_is_bounded_but_for_a_single_answer() {
        let share = FairShare::new(9, 10);
        let [ann, bob] = ann_and_bob();
        let mut large = share.take(&ann).unwrap();
        assert!(large.hold(25));
        assert!(!share.take(&ann).unwrap().hold(1));
        assert!(share.take(&bob).unwrap().hold(5));
        drop(large);
        let (mut one, mut two) = (share.take(&ann).unwrap(), share.take(&ann).unwrap());
        assert!(one.hold(5) && two.hold(5) && !share.take(&ann).unwrap().hold(1));
        drop((one, two));
        assert!(share.under_way.lock().unwrap().is_empty());
    }
}
