//! `BatchCheck`: decisions about many viewers and owners.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use service::{
    consistency::{Freshness, Stamp},
    cpu_work::CpuBudget,
};

use super::{Sharing, consistency::stamp};
use crate::{
    domain::{
        UserId,
        access::{AccessSet, Action, Resource},
    },
    error::Error,
    storage::OwnerAndViewer,
};

/// One decision of a batch.
#[derive(Clone, Debug)]
pub struct CheckItem<'a> {
    /// The viewer.
    pub viewer: UserId,
    /// The owner.
    pub owner: UserId,
    /// The action.
    pub action: Action,
    /// What it acts on.
    pub resource: Resource<'a>,
}

impl Sharing {
    /// The decision of `CheckAccess` for each item, and the stamp of each owner in the order of their first mention. One read, at one time
    /// for each owner.
    pub async fn batch_check(
        &self,
        items: &[CheckItem<'_>],
        freshness: &Freshness,
    ) -> Result<(Vec<bool>, Vec<Stamp>), Error> {
        let pairs: BTreeSet<_> = items
            .iter()
            .map(|item| OwnerAndViewer { owner: item.owner.clone(), viewer: item.viewer.clone() })
            .collect();
        let mut cpu = CpuBudget::of_services();
        let read = self.store.open_chains_of(&pairs, self.clock.now(), &mut cpu).await?;
        let now = self.clock.now();
        let mut times = HashMap::new();
        let mut stamps = Vec::new();
        for CheckItem { owner, .. } in items {
            if times.contains_key(owner) {
                continue;
            }
            let demand = self.demand(freshness, owner);
            let version = read.versions.get(owner).copied();
            // The owner's own are not read: nothing is too old for them.
            if items.iter().any(|item| item.owner == *owner && item.viewer != *owner) {
                demand.check(version)?;
            }
            let time = demand.time(now);
            times.insert(owner, time);
            stamps.push(stamp(owner, version.unwrap_or(0), time));
        }
        let allowed: Vec<bool> = cpu.run(|| {
            let sets: BTreeMap<_, _> = read
                .chains
                .iter()
                .map(|(pair, chains)| ((&pair.owner, &pair.viewer), AccessSet::new(chains)))
                .collect();
            let allowed = items.iter().map(|CheckItem { viewer, owner, action, resource }| {
                let time = times.get(owner).copied().unwrap_or(now);
                let is_allowed = |set: &AccessSet| set.allows(*action, *resource, time);
                viewer == owner || sets.get(&(owner, viewer)).is_some_and(is_allowed)
            });
            allowed.collect()
        });
        let used = items.iter().zip(&allowed).filter(|(item, allowed)| **allowed && item.viewer != item.owner);
        self.usage.count_each(now, used.map(|(item, _)| (item.owner.as_str(), item.viewer.as_str(), 1, 1)));
        Ok((allowed, stamps))
    }
}
