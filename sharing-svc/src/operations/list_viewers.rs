//! `ListViewers`: who can act on a node.

use super::Sharing;
use crate::{
    domain::{
        Crowding, UserId,
        access::{NodeFacts, Viewer, viewers},
    },
    error::Error,
};

/// Active shares of one person that are looked at, at most: a list of more people than this is nobody's to read.
const MAX_SHARES: i64 = 20_000;
/// Bytes that the ids of these may take as JSON.
const MAX_ID_BYTES: i64 = 32 * 1024 * 1024;

impl Sharing {
    /// Everyone but the owner who can act on `node` now, in the order of their ids.
    pub async fn list_viewers(&self, owner: &UserId, node: NodeFacts<'_>) -> Result<Vec<Viewer>, Error> {
        let now = self.clock.now();
        let Crowding { shares, id_bytes } = self.store.crowding_of_owner(owner, now).await?;
        if shares > MAX_SHARES || id_bytes > MAX_ID_BYTES {
            return Err(Error::TooManyViewers);
        }
        let chains = self.store.active_chains_of_owner(owner, now).await?;
        Ok(viewers(&chains, node, self.clock.now()))
    }
}
