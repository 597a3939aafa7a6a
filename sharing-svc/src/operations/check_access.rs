//! `CheckAccess` and `BatchCheckAccess`: may this person do this?

use super::Sharing;
use crate::{
    domain::{
        ShareId, UserId,
        access::{AccessSet, Action, Resource},
    },
    error::Error,
};

/// The viewer, the owner and the action of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessQuestion {
    /// The viewer.
    pub viewer: UserId,
    /// The owner.
    pub owner: UserId,
    /// The action.
    pub action: Action,
}

/// Whether something is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckAccess {
    /// The nodes are the viewer's own.
    Owner,
    /// These shares allow it; not empty.
    AllowedBy(Vec<ShareId>),
    /// Nothing allows it.
    Denied,
}

impl AccessQuestion {
    /// Whether the viewer is the owner, who is always allowed.
    pub fn is_owners(&self) -> bool {
        self.viewer == self.owner
    }
}

// The time of the decision is taken after the read: a share may expire meanwhile.

impl Sharing {
    /// Whether the viewer may act on `resource` of the owner now, and by which shares. One read at most.
    pub async fn check_access(&self, question: &AccessQuestion, resource: Resource<'_>) -> Result<CheckAccess, Error> {
        if question.is_owners() {
            return Ok(CheckAccess::Owner);
        }
        let chains = self.store.open_chains(&question.owner, &question.viewer, self.clock.now()).await?;
        let allowing = AccessSet::new(&chains).allowing(question.action, resource, self.clock.now());
        Ok(if allowing.is_empty() { CheckAccess::Denied } else { CheckAccess::AllowedBy(allowing) })
    }

    /// The same for many resources of one owner, in the order of the request. At most one read, at one time.
    pub async fn batch_check_access(
        &self,
        question: &AccessQuestion,
        resources: &[Resource<'_>],
    ) -> Result<Vec<bool>, Error> {
        if question.is_owners() {
            return Ok(vec![true; resources.len()]);
        }
        let mut chains = self.store.open_chains(&question.owner, &question.viewer, self.clock.now()).await?;
        chains.retain(|chain| chain.grants(question.action));
        let set = AccessSet::new(&chains);
        let now = self.clock.now();
        Ok(resources.iter().map(|resource| set.allows(question.action, *resource, now)).collect())
    }
}
