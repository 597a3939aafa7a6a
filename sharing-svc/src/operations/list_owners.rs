//! `ListOwners`: whose data a person may act on.

use std::collections::BTreeMap;

use service::cpu_work::CpuBudget;
use types::FieldErrors;

use super::Sharing;
use crate::{
    domain::{
        ShareId, UserId,
        access::{Action, Chain},
    },
    error::Error,
    storage::{OwnerRange, ReadBudget},
};

/// Owners on a page where the caller names no number.
const DEFAULT_PAGE_SIZE: usize = 100;
/// Owners on a page at most.
const MAX_PAGE_SIZE: usize = 1_000;
/// Maximum reads of one call: a page may be short or empty without being the last.
const READ_BUDGET: ReadBudget = ReadBudget { recipients: 1_000, shares: 2_000, id_bytes: 16 * 1024 * 1024 };
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// Which page of owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOwners {
    size: usize,
    after: String,
}

/// A person whose data the viewer may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerAccess {
    /// The owner.
    pub owner: UserId,
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

impl ListOwners {
    /// Reads a page size (0: the default; above the maximum: the maximum) and the token of an earlier page.
    pub fn parse(page_size: i32, page_token: &str, errors: &mut FieldErrors) -> Self {
        let size = match usize::try_from(page_size) {
            Ok(0) => DEFAULT_PAGE_SIZE,
            Ok(size) => size.min(MAX_PAGE_SIZE),
            Err(_) => {
                errors.add("page_size", "must be 0 or more");
                DEFAULT_PAGE_SIZE
            }
        };
        let after = match page_token.strip_prefix(TOKEN_PREFIX) {
            Some(owner) if UserId::check(owner).is_ok() => owner,
            None if page_token.is_empty() => "",
            Some(_) | None => {
                errors.add("page_token", "must be the next_page_token of an earlier response");
                ""
            }
        };
        Self { size, after: after.to_owned() }
    }
}

impl Sharing {
    /// A page of those on some of whose data `viewer` may act now. No owner is split over pages.
    pub async fn list_owners(&self, viewer: &UserId, action: Action, page: &ListOwners) -> Result<OwnersPage, Error> {
        let mut cpu = CpuBudget::of_services();
        let range =
            self.store.open_chains_from_range(viewer, &page.after, READ_BUDGET, self.clock.now(), &mut cpu).await?;
        let OwnerRange { chains, next_after } = range;
        let now = self.clock.now();
        let mut of_owner: BTreeMap<UserId, Vec<ShareId>> = BTreeMap::new();
        for chain in chains.iter().filter(|chain| allows(chain, action, now)) {
            let share = chain.share();
            of_owner.entry(share.owner.clone()).or_default().push(share.id);
        }
        let mut owners: Vec<_> = of_owner.into_iter().map(|(owner, shares)| OwnerAccess { owner, shares }).collect();
        let mut next = next_after;
        if owners.len() > page.size {
            owners.truncate(page.size);
            next = owners.last().map(|last| last.owner.to_string());
        }
        for OwnerAccess { shares, .. } in &mut owners {
            shares.sort_unstable();
        }
        Ok(OwnersPage { owners, next: next.map(|owner| format!("{TOKEN_PREFIX}{owner}")) })
    }
}

/// Whether a share allows the action on any node at `now`.
fn allows(chain: &Chain, action: Action, now: types::Timestamp) -> bool {
    chain.grants(action) && chain.until().is_none_or(|end| end > now) && chain.selects_something()
}
