//! `ExplainAccess`: why a viewer may act, or may not.

use super::{AccessQuestion, Sharing};
use crate::{
    domain::access::{Explanation, Resource, explain},
    error::Error,
};

impl Sharing {
    /// The decision of `CheckAccess`, with every share between the two.
    pub async fn explain_access(
        &self,
        question: &AccessQuestion,
        resource: Resource<'_>,
    ) -> Result<Explanation, Error> {
        let AccessQuestion { viewer, owner, action } = question;
        let chains = if question.is_owners() { Vec::new() } else { self.store.all_chains(owner, viewer).await? };
        Ok(explain(&chains, viewer, owner, *action, resource, self.clock.now()))
    }
}
