//! Who can act on some of a person's data, and on whose data a person can act.

use std::collections::BTreeMap;

use types::Timestamp;

use super::{Action, Chain};
use crate::domain::UserId;

/// A person with the shares that grant something now: to them, or of their data.
#[derive(Clone, Debug)]
pub struct PersonAccess {
    /// The person.
    pub user: UserId,
    /// The actions that the shares allow, each on the nodes of any of them; not empty.
    pub actions: Vec<Action>,
    /// The shares that grant something, oldest first.
    pub chains: Vec<Chain>,
}

impl PersonAccess {
    /// When the oldest of the shares was created.
    pub fn since(&self) -> Option<Timestamp> {
        self.chains.iter().map(|chain| chain.share().created_at).min()
    }

    /// When the last of the shares ends by itself; `None`: never.
    pub fn until(&self) -> Option<Timestamp> {
        let ends = self.chains.iter().map(Chain::until);
        ends.reduce(|one, other| one.zip(other).map(|(one, other)| one.max(other))).flatten()
    }
}

/// Everyone to whom one of `chains`, all of one owner, allows an action on any node at `now`, sorted by id.
pub fn recipients(chains: Vec<Chain>, now: Timestamp) -> Vec<PersonAccess> {
    people(chains, &Action::ALL, now, |chain| &chain.share().recipient)
}

/// Every owner on any of whose nodes one of `chains`, all to one viewer, allows one of `actions` at `now`, sorted by id.
pub fn owners(chains: Vec<Chain>, actions: &[Action], now: Timestamp) -> Vec<PersonAccess> {
    people(chains, actions, now, |chain| &chain.share().owner)
}

fn people(
    chains: Vec<Chain>,
    actions: &[Action],
    now: Timestamp,
    person: impl Fn(&Chain) -> &UserId,
) -> Vec<PersonAccess> {
    let mut of_person: BTreeMap<UserId, Vec<Chain>> = BTreeMap::new();
    for chain in chains {
        of_person.entry(person(&chain).clone()).or_default().push(chain);
    }
    let people = of_person.into_iter().filter_map(|(user, mut chains)| {
        chains.retain(|chain| actions.iter().any(|action| chain.allows_on_some_node(*action, now)));
        chains.sort_unstable_by_key(|chain| chain.share().id);
        let allowed = |action: &&Action| chains.iter().any(|chain| chain.allows_on_some_node(**action, now));
        let actions: Vec<_> = actions.iter().filter(allowed).copied().collect();
        (!actions.is_empty()).then_some(PersonAccess { user, actions, chains })
    });
    people.collect()
}
