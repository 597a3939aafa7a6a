//! `CheckAccess` and `BatchCheckAccess`: may this person do this?

use super::Sharing;
use crate::{
    domain::{
        ShareId, UserId,
        access::{AccessSet, Action, Resource},
    },
    error::Error,
};

/// Who wants to do what to whose nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessQuestion {
    /// Who wants to act.
    pub viewer: UserId,
    /// Whose nodes these are.
    pub owner: UserId,
    /// What they want to do.
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
    /// Whether the viewer asks for their own nodes, which is always allowed.
    pub fn is_owners(&self) -> bool {
        self.viewer == self.owner
    }
}

// The moment of an answer is taken when the shares are there: until they are, one of them may have ended.

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

    /// The same for many resources of one owner, in the order asked. One read at most, and one moment for all.
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
