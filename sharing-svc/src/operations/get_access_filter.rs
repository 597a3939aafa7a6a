//! `GetAccessFilter`: the filter for a query on the owner's nodes.

use super::{AccessQuestion, Sharing};
use crate::{
    domain::access::{AccessFilter, AccessSet},
    error::Error,
};

/// Ids a filter names at most: more would neither fit a message nor a query.
pub const MAX_FILTER_IDS: usize = 50_000;

impl Sharing {
    /// Which of the owner's nodes the viewer may act on now, as a predicate.
    pub async fn get_access_filter(&self, question: &AccessQuestion) -> Result<AccessFilter, Error> {
        if question.is_owners() {
            return Ok(AccessFilter::of_owner());
        }
        let chains = self.store.open_chains(&question.owner, &question.viewer, self.clock.now()).await?;
        let filter = AccessSet::new(&chains).filter(question.action, self.clock.now());
        if filter.ids() > MAX_FILTER_IDS { Err(Error::FilterTooLarge) } else { Ok(filter) }
    }
}
