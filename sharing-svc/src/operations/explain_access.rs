//! `ExplainAccess` and `ExplainNodes`: why a viewer may act, or may not.

use service::{consistency::Stamped, cpu_work::CpuBudget};

use super::{AccessQuestion, Sharing, consistency::stamp};
use crate::{
    domain::{
        UserId,
        access::{Explanation, NodeFacts, NodeReason, Resource, explain, explain_nodes},
    },
    error::Error,
    storage::Versioned,
};

impl Sharing {
    /// The decision of `CheckAccess`, with every share between the two.
    pub async fn explain_access(
        &self,
        question: &AccessQuestion,
        resource: Resource<'_>,
    ) -> Result<Stamped<Explanation>, Error> {
        let AccessQuestion { viewer, owner, action, freshness } = question;
        if question.is_owners() {
            let explained = explain(&[], viewer, owner, *action, resource, self.clock.now());
            return Ok(Stamped { value: explained, stamp: None });
        }
        let mut cpu = CpuBudget::of_services();
        let demand = self.demand(freshness, owner);
        let Versioned { value: chains, version } = self.store.all_chains(owner, viewer, &mut cpu).await?;
        demand.check(version)?;
        let now = demand.time(self.clock.now());
        let value = if self.store.is_blocked(owner, viewer).await? {
            Explanation::blocked(viewer, owner)
        } else {
            cpu.run(|| explain(&chains, viewer, owner, *action, resource, now))
        };
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }

    /// Why `viewer` may read each of `nodes` of `owner`, or may not, in the order of the request. One read, at one time. It is for the owner:
    /// whether `viewer` blocked them is not considered.
    pub async fn explain_nodes(
        &self,
        owner: &UserId,
        viewer: &UserId,
        nodes: &[NodeFacts<'_>],
    ) -> Result<Stamped<Vec<NodeReason>>, Error> {
        let mut cpu = CpuBudget::of_user(owner.as_str());
        // Before the read, which is fresh when the work begins.
        cpu.acquire().await?;
        let Versioned { value: chains, version } = self.store.all_chains(owner, viewer, &mut cpu).await?;
        let now = self.clock.now();
        let value = cpu.run(|| explain_nodes(&chains, viewer, owner, nodes, now));
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }
}
