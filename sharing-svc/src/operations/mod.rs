//! What the service does: a file for each operation, or for a few that belong together, named after the RPC.

mod check_access;
mod create_share;
mod explain_access;
mod follow_share;
mod get_access_filter;
mod get_share;
mod list_shares;
mod list_viewers;
mod revoke_share;
mod update_share;

pub use check_access::{AccessQuestion, CheckAccess};
pub use create_share::CreateShare;
pub use get_access_filter::MAX_FILTER_IDS;
pub use list_shares::ListShares;
pub use update_share::UpdateShare;

use service_kit::clock::Clock;
use vocabulary::Instant;

use crate::{
    domain::{Share, ShareId},
    error::Error,
    storage::Store,
};

/// The operations on shares, and the questions asked of them.
#[derive(Clone)]
pub struct Sharing {
    store: Store,
    clock: Clock,
}

/// A share as it stood when it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The share.
    pub share: Share,
    /// The moment that its status is read off.
    pub as_of: Instant,
}

impl Sharing {
    /// Over a store and a clock.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

/// Takes the id of a share as a caller wrote it: what is no id names no share.
fn share_named(text: &str) -> Result<ShareId, Error> {
    ShareId::parse(text).ok_or(Error::ShareNotFound)
}
