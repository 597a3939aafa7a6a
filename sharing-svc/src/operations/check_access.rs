//! `CheckAccess` and `BatchCheckAccess`: may this person do this?

use service::{
    consistency::{Freshness, Stamped},
    cpu_work::CpuBudget,
};
use types::Timestamp;

use super::{Sharing, consistency::stamp};
use crate::{
    domain::{
        ShareId, UserId,
        access::{AccessSet, Action, Chain, Resource},
    },
    error::Error,
    storage::Versioned,
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
    /// How fresh the answer must be.
    pub freshness: Freshness,
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

/// Resources up to which a decision about all of them takes less than a millisecond.
const INLINE_RESOURCES: usize = 1_000;

// The time of the decision is taken after the read: a share may expire meanwhile.

impl Sharing {
    /// The shares between the two, and the time at which to decide. One read.
    pub(super) async fn open_chains(
        &self,
        question: &AccessQuestion,
        cpu: &mut CpuBudget,
    ) -> Result<(Stamped<Vec<Chain>>, Timestamp), Error> {
        let AccessQuestion { viewer, owner, freshness, .. } = question;
        let demand = self.demand(freshness, owner);
        let Versioned { value, version } = self.store.open_chains(owner, viewer, self.clock.now(), cpu).await?;
        demand.check(version)?;
        let now = demand.time(self.clock.now());
        let stamp = Some(stamp(owner, version.unwrap_or(0), now));
        Ok((Stamped { value, stamp }, now))
    }

    /// Counts decisions, if any of them is a yes: what is denied is no use.
    pub(super) fn count_use(&self, question: &AccessQuestion, asked: usize, allowed: usize) {
        if allowed > 0 {
            let now = self.clock.now();
            self.usage.count(question.owner.as_str(), question.viewer.as_str(), now, asked, allowed);
        }
    }

    /// Whether the viewer may act on `resource` of the owner now, and by which shares. One read at most.
    pub async fn check_access(
        &self,
        question: &AccessQuestion,
        resource: Resource<'_>,
    ) -> Result<Stamped<CheckAccess>, Error> {
        if question.is_owners() {
            return Ok(Stamped { value: CheckAccess::Owner, stamp: None });
        }
        let mut cpu = CpuBudget::of_services();
        let (Stamped { value: chains, stamp }, now) = self.open_chains(question, &mut cpu).await?;
        let allowing = cpu.run(|| AccessSet::new(&chains).allowing(question.action, resource, now));
        self.count_use(question, 1, usize::from(!allowing.is_empty()));
        let value = if allowing.is_empty() { CheckAccess::Denied } else { CheckAccess::AllowedBy(allowing) };
        Ok(Stamped { value, stamp })
    }

    /// The same for many resources of one owner, in the order of the request. At most one read, at one time.
    pub async fn batch_check_access(
        &self,
        question: &AccessQuestion,
        resources: &[Resource<'_>],
    ) -> Result<Stamped<Vec<bool>>, Error> {
        if question.is_owners() {
            return Ok(Stamped { value: vec![true; resources.len()], stamp: None });
        }
        let mut cpu = CpuBudget::of_services();
        if resources.len() > INLINE_RESOURCES {
            // Before the read, which is fresh when the work begins.
            cpu.acquire().await?;
        }
        let (Stamped { value: mut chains, stamp }, now) = self.open_chains(question, &mut cpu).await?;
        chains.retain(|chain| chain.grants(question.action));
        let value: Vec<bool> = cpu.run(|| {
            let set = AccessSet::new(&chains);
            resources.iter().map(|resource| set.allows(question.action, *resource, now)).collect()
        });
        self.count_use(question, value.len(), value.iter().filter(|allowed| **allowed).count());
        Ok(Stamped { value, stamp })
    }
}
