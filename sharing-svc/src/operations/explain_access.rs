//! `ExplainAccess`: why a viewer may act, or may not.

use service::{consistency::Stamped, cpu_work::CpuBudget};

use super::{AccessQuestion, Sharing, consistency::stamp};
use crate::{
    domain::access::{Explanation, Resource, explain},
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
        let value = cpu.run(|| explain(&chains, viewer, owner, *action, resource, now));
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }
}
