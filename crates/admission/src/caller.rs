//! The identity that limits are shared by.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    sync::LazyLock,
};

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// A user, or a service by its SPIFFE id: a keyed hash of the identity. Two identities with the same hash would share their limits,
/// which neither can bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller(u64);

impl Caller {
    /// The caller with this identity.
    pub fn new(identity: &impl Hash) -> Self {
        Self(HASHER.hash_one(identity))
    }
}
