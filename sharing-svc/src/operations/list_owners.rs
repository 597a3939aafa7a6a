//! `ListOwners` and `ListAccessibleOwners`: whose data a person may act on.

use service::cpu_work::CpuBudget;
use types::{IdPage, PageSizes};

use super::Sharing;
use crate::{
    domain::{
        ShareId, UserId,
        access::{Action, PersonAccess, owners},
    },
    error::Error,
    storage::{OwnerRange, ReadBudget},
};

/// Owners on a page.
pub const OWNER_PAGES: PageSizes = PageSizes { default: 100, max: 1_000 };
/// Maximum reads of one call: a page may be short or empty without being the last.
const READ_BUDGET: ReadBudget = ReadBudget { recipients: 1_000, shares: 2_000, id_bytes: 16 * 1024 * 1024 };

/// A person whose data the viewer may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerAccess {
    /// The owner.
    pub owner: UserId,
    /// What the viewer may do; not empty.
    pub actions: Vec<Action>,
    /// The shares that allow it, oldest first.
    pub shares: Vec<ShareId>,
}

/// One page of owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnersPage {
    /// Sorted by id.
    pub owners: Vec<OwnerAccess>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// A page of those on some of whose data `viewer` may do one of `actions` now. No owner is split over pages.
    pub async fn list_owners(
        &self,
        viewer: &UserId,
        actions: &[Action],
        page: &IdPage,
        mut cpu: CpuBudget,
    ) -> Result<OwnersPage, Error> {
        let range =
            self.store.open_chains_from_range(viewer, &page.after, READ_BUDGET, self.clock.now(), &mut cpu).await?;
        let OwnerRange { chains, next_after } = range;
        let now = self.clock.now();
        let mut owners: Vec<_> = cpu.run(|| {
            owners(chains, actions, now)
                .into_iter()
                .map(|PersonAccess { user, actions, chains }| OwnerAccess {
                    owner: user,
                    actions,
                    shares: chains.iter().map(|chain| chain.share().id).collect(),
                })
                .collect()
        });
        let next = page.cut(&mut owners, next_after, |owner| owner.owner.to_string());
        Ok(OwnersPage { owners, next })
    }
}
