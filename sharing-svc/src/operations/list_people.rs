//! `ListPeople`: who can act on a person's data.

use service::cpu_work::CpuBudget;
use types::{IdPage, PageSizes, Timestamp};

use super::Sharing;
use crate::{
    domain::{
        ShareView, UserId,
        access::{Action, Chain, PersonAccess, recipients},
    },
    error::Error,
    storage::{Blocked, ReadBudget, RecipientRange},
};

/// People on a page.
pub const PEOPLE_PAGES: PageSizes = PageSizes { default: 20, max: 100 };
/// Shares of one person on a page.
const SHARES_OF_A_PERSON: usize = 20;
/// Maximum reads of one call, except for a single large recipient: a page may be short or empty without being the last.
pub(super) const READ_BUDGET: ReadBudget = ReadBudget { recipients: 1_000, shares: 2_000, id_bytes: 4 * 1024 * 1024 };

/// A person who can act on some of the owner's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person.
    pub user: UserId,
    /// What they can do, on the nodes of any share; not empty.
    pub actions: Vec<Action>,
    /// The oldest shares that allow it, at most 20.
    pub shares: Vec<SharePath>,
    /// The number of shares that allow it.
    pub shares_total: usize,
    /// When the oldest of them was created.
    pub since: Option<Timestamp>,
    /// When the last of them ends by itself; `None`: never.
    pub until: Option<Timestamp>,
    /// When the person last used them; `None`: not within the retention of uses.
    pub last_used_at: Option<Timestamp>,
}

/// A share, and the people through whom it was re-shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharePath {
    /// The share.
    pub share: ShareView,
    /// The recipients of the shares above it, beginning with the person with whom the owner shared.
    pub through: Vec<UserId>,
}

/// One page of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeoplePage {
    /// Sorted by id.
    pub people: Vec<Person>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// A page of those who can act on some of `owner`'s data now. No person is split over pages.
    pub async fn list_people(&self, owner: &UserId, page: &IdPage) -> Result<PeoplePage, Error> {
        let mut cpu = CpuBudget::of_user(owner.as_str());
        let range = self
            .store
            .open_chains_to_range(owner, &page.after, Blocked::Included, READ_BUDGET, self.clock.now(), &mut cpu)
            .await?;
        let RecipientRange { chains, next_after } = range.value;
        let now = self.clock.now();
        let mut next = None;
        let mut people: Vec<_> = cpu.run(|| {
            let mut people = recipients(chains, now);
            next = page.cut(&mut people, next_after, |person| person.user.to_string());
            people.into_iter().map(|access| person(access, now)).collect()
        });
        let uses = self.store.last_uses(owner, people.iter().map(|person: &Person| &person.user)).await?;
        for person in &mut people {
            person.last_used_at = uses.get(&person.user).copied();
        }
        Ok(PeoplePage { people, next })
    }
}

fn person(access: PersonAccess, now: Timestamp) -> Person {
    let (since, until) = (access.since(), access.until());
    let PersonAccess { user, actions, chains } = access;
    let shares = chains.iter().take(SHARES_OF_A_PERSON).map(|chain| path(chain, now)).collect();
    Person { user, actions, shares, shares_total: chains.len(), since, until, last_used_at: None }
}

fn path(chain: &Chain, now: Timestamp) -> SharePath {
    let mut through: Vec<_> = chain.above().map(|share| share.recipient.clone()).collect();
    through.reverse();
    SharePath { share: chain.view(now), through }
}
