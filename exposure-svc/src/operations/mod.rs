//! What the service does, one file per operation, named after its RPC.

mod app_access;
mod create_profile;
mod create_profile_from_template;
mod delete_profile;
mod get_default_profile;
mod get_profile;
mod list_profiles;
mod tag_directory;
mod update_profile;

pub use app_access::ListAppAccess;
pub use create_profile::CreateProfile;
pub use list_profiles::ListProfiles;
pub use update_profile::UpdateProfile;

use service_kit::clock::Clock;

use crate::{
    domain::{Profile, ProfileId, TagDirectory},
    error::Error,
    storage::Store,
};

/// The operations on profiles, grants and tags.
#[derive(Clone)]
pub struct Exposure {
    store: Store,
    clock: Clock,
}

impl Exposure {
    /// Over a store and a clock.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

/// How the tags of a profile are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagNames {
    /// By name, where it is known.
    Resolved,
    /// As they are kept.
    Kept,
}

/// Takes the id of a profile as a caller wrote it: what is no id names no profile.
fn profile_named(text: &str) -> Result<ProfileId, Error> {
    ProfileId::parse(text).ok_or(Error::ProfileNotFound)
}

/// The profile with its tags as a person knows them.
fn shown(profile: Profile, tags: &TagDirectory) -> Profile {
    Profile { rules: profile.rules.map_tags(&|kept| tags.shown(kept)), ..profile }
}
