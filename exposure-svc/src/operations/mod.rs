//! The operations of the service: one file for each RPC, or for a few that belong together.

mod app_access;
mod applied_profile;
mod check_write;
mod connected_apps;
mod consistency;
mod create_profile;
mod create_profile_from_template;
mod delete_profile;
mod erase_user;
mod evaluate_nodes;
mod events;
mod explain_exposure;
mod export_user;
mod filter_nodes;
mod get_default_profile;
mod get_exposure_filter;
mod get_profile;
mod list_history;
mod list_profiles;
mod list_suggestions;
mod named_tags;
mod planned_change;
mod preview_change;
mod preview_profile;
mod stop_apps;
mod tag_directory;
mod update_profile;
mod upkeep;
mod view_nodes;

pub use app_access::ListAppAccess;
pub use applied_profile::{AppliedProfile, DecidedBy, NO_GRANT, Subject, person_and_app};
pub use check_write::CheckWrite;
pub use connected_apps::{APP_PAGES, ConnectedApp, ConnectedAppsPage, NodeApp, NodeAppsPage};
pub use create_profile::CreateProfile;
pub use evaluate_nodes::NodeEvaluation;
pub use events::WatchProfiles;
pub use filter_nodes::NodeFilter;
pub use get_exposure_filter::ExposureFilter;
pub use list_history::History;
pub use list_profiles::ListProfiles;
pub use list_suggestions::{Suggestion, SuggestionsPage};
pub use preview_change::{PreviewChange, PreviewedChange};
pub use preview_profile::PreviewProfile;
pub use stop_apps::{StopApps, StoppedPage};
pub use tag_directory::{TAG_PAGES, TagsPage};
pub use update_profile::UpdateProfile;
pub use upkeep::{Retention, Upkeep};
pub use view_nodes::ViewedNode;

use std::sync::Arc;

use runtime::clock::Clock;
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};
use tokio::sync::Notify;

use crate::{
    domain::{
        AppId, ConfirmationKey, ProfileId, UserId,
        view::{PseudonymKey, Pseudonyms},
    },
    error::Error,
    storage::Store,
};

/// Generated keys that all replicas share.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Of pseudonyms.
    pub pseudonyms: PseudonymKey,
    /// Of confirmations of erasures.
    pub confirmations: ConfirmationKey,
}

/// The operations on profiles, grants and tags.
#[derive(Clone)]
pub struct Exposure {
    store: Store,
    clock: Clock,
    keys: Keys,
    erased: ErasedUsers,
    usage: UsageCounter,
    /// Wakes upkeep.
    wake: Arc<Notify>,
}

impl Exposure {
    /// Over a store and a clock, with the keys that all replicas share.
    pub fn new(store: Store, clock: Clock, keys: Keys, erased: ErasedUsers, usage: UsageCounter) -> Self {
        Self { store, clock, keys, erased, usage, wake: Arc::default() }
    }

    /// Counts that `app` asked about nodes of `user`, and how many of them it was shown. An app without a grant is not counted.
    pub fn count_use(&self, user: &UserId, app: &AppId, applied: &AppliedProfile, asked: usize, shown: usize) {
        if applied.profile.is_some() {
            self.usage.count(user.as_str(), app.as_str(), self.clock.now(), asked, shown);
        }
    }

    /// The pseudonyms that `app` is shown of `user`'s ids.
    pub fn pseudonyms(&self, user: &UserId, app: &AppId) -> Pseudonyms {
        Pseudonyms::new(self.keys.pseudonyms.clone(), user, app)
    }
}

/// How the tags of a profile are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagNames {
    /// By name, if it is known.
    Resolved,
    /// As they are stored.
    Stored,
}

/// Parses the id of a profile; any other text is the id of no profile.
fn profile_named(text: &str) -> Result<ProfileId, Error> {
    ProfileId::parse(text).ok_or(Error::ProfileNotFound)
}
