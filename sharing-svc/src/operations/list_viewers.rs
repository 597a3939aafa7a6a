//! `ListViewers`: who can act on a node.

use super::Sharing;
use crate::{
    domain::{
        UserId,
        access::{NodeFacts, Viewer, viewers},
    },
    error::Error,
};

impl Sharing {
    /// Everyone but the owner who can act on `node` now, in the order of their ids.
    pub async fn list_viewers(&self, owner: &UserId, node: NodeFacts<'_>) -> Result<Vec<Viewer>, Error> {
        let now = self.clock.now();
        let chains = self.store.active_chains_of_owner(owner, now).await?;
        Ok(viewers(&chains, node, now))
    }
}
