//! `ListViewers`: who can act on a node.

use service::{
    consistency::{Freshness, Stamped},
    cpu_work::CpuBudget,
};
use types::FieldErrors;

use super::{Sharing, consistency::stamp};
use crate::{
    domain::{
        UserId,
        access::{NodeFacts, Viewer, viewers},
    },
    error::Error,
    storage::{ReadBudget, RecipientRange, Versioned},
};

/// Viewers on a page where the caller names no number.
const DEFAULT_PAGE_SIZE: usize = 100;
/// Viewers on a page at most.
const MAX_PAGE_SIZE: usize = 1_000;
/// Maximum reads of one call, except for a single large recipient: a page may be short or empty without being the last.
const READ_BUDGET: ReadBudget = ReadBudget { recipients: 1_000, shares: 2_000, id_bytes: 16 * 1024 * 1024 };
/// The prefix of a page token: the version of its format.
const TOKEN_PREFIX: &str = "v1.";

/// Which page of viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListViewers {
    size: usize,
    after: String,
}

/// One page of viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewersPage {
    /// Everyone except the owner who can act on the node, sorted by id.
    pub viewers: Vec<Viewer>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl ListViewers {
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
            Some(viewer) if UserId::check(viewer).is_ok() => viewer.to_owned(),
            Some(_) => {
                errors.add("page_token", "must be the next_page_token of an earlier response");
                String::new()
            }
            None => {
                if !page_token.is_empty() {
                    errors.add("page_token", "must be the next_page_token of an earlier response");
                }
                String::new()
            }
        };
        Self { size, after }
    }
}

impl Sharing {
    /// A page of those who can act on `node` now. No viewer is split over pages.
    pub async fn list_viewers(
        &self,
        owner: &UserId,
        node: NodeFacts<'_>,
        page: &ListViewers,
        freshness: &Freshness,
    ) -> Result<Stamped<ViewersPage>, Error> {
        let demand = self.demand(freshness, owner);
        let mut cpu = CpuBudget::of_services();
        let range =
            self.store.open_chains_to_range(owner, &page.after, READ_BUDGET, self.clock.now(), &mut cpu).await?;
        let Versioned { value: RecipientRange { chains, next_after }, version } = range;
        demand.check(version)?;
        let now = demand.time(self.clock.now());
        let mut viewers = cpu.run(|| viewers(&chains, node, now));
        let mut next = next_after;
        if viewers.len() > page.size {
            viewers.truncate(page.size);
            next = viewers.last().map(|viewer| viewer.user.to_string());
        }
        let value = ViewersPage { viewers, next: next.map(|viewer| format!("{TOKEN_PREFIX}{viewer}")) };
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }
}
