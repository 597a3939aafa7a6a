//! The operations of the service: one file for each RPC, or for a few that belong together.

mod batch_check;
mod blocked_people;
mod check_access;
mod consistency;
mod create_share;
mod erase_user;
mod events;
mod explain_access;
mod export_user;
mod follow_share;
mod get_access_filter;
mod get_share;
mod import_shares;
mod list_history;
mod list_owners;
mod list_people;
mod list_shares;
mod list_suggestions;
mod list_viewers;
mod quotas;
mod revoke_share;
mod stop_sharing;
mod update_share;
mod upkeep;
mod upkeep_hints;

pub use batch_check::CheckItem;
pub use blocked_people::{BLOCKED_PAGES, BlockedPage};
pub use check_access::{AccessQuestion, CheckAccess};
pub use create_share::CreateShare;
pub use events::WatchShares;
pub use get_access_filter::MAX_FILTER_IDS;
pub use import_shares::{Imported, RefusedShare};
pub use list_history::History;
pub use list_owners::{OWNER_PAGES, OwnerAccess, OwnersPage};
pub use list_people::{PEOPLE_PAGES, PeoplePage, Person, SharePath};
pub use list_shares::ListShares;
pub use list_suggestions::SuggestionsPage;
pub use list_viewers::{VIEWER_PAGES, ViewersPage};
pub use stop_sharing::{StopSharing, StoppedPage};
pub use update_share::UpdateShare;
pub use upkeep::{Retention, Upkeep};

use std::sync::Arc;

use runtime::clock::Clock;
use service::{erasure::ErasedUsers, usage_counter::UsageCounter};

use self::upkeep_hints::UpkeepHints;
use crate::{
    domain::{Quotas, ShareId},
    error::Error,
    storage::Store,
};

/// The operations on shares, and the decisions about them.
#[derive(Clone)]
pub struct Sharing {
    store: Store,
    clock: Clock,
    quotas: Quotas,
    hints: Arc<UpkeepHints>,
    erased: ErasedUsers,
    usage: UsageCounter,
}

impl Sharing {
    /// Over a store and a clock.
    pub fn new(store: Store, clock: Clock, quotas: Quotas, erased: ErasedUsers, usage: UsageCounter) -> Self {
        Self { store, clock, quotas, hints: Arc::default(), erased, usage }
    }
}

/// Parses the id of a share; any other text is the id of no share.
fn share_named(text: &str) -> Result<ShareId, Error> {
    ShareId::parse(text).ok_or(Error::ShareNotFound)
}
