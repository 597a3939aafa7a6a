//! `ListViewers`: who can act on a node.

use service::{
    consistency::{Freshness, Stamped},
    cpu_work::CpuBudget,
};
use types::{IdPage, PageSizes};

use super::{Sharing, consistency::stamp};
use crate::{
    domain::{
        UserId,
        access::{NodeFacts, Viewer, viewers},
    },
    error::Error,
    storage::{Blocked, ReadBudget, RecipientRange, Versioned},
};

/// Maximum reads of one call, except for a single large recipient: a page may be short or empty without being the last.
const READ_BUDGET: ReadBudget = ReadBudget { recipients: 1_000, shares: 2_000, id_bytes: 16 * 1024 * 1024 };
/// Viewers on a page.
pub const VIEWER_PAGES: PageSizes = PageSizes { default: 100, max: 1_000 };

/// One page of viewers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewersPage {
    /// Everyone except the owner who can act on the node, sorted by id.
    pub viewers: Vec<Viewer>,
    /// The token of the next page; `None`: this is the last.
    pub next: Option<String>,
}

impl Sharing {
    /// A page of those who can act on `node` now. No viewer is split over pages. `blocked`: whether those who blocked the owner, for whom no
    /// decision is a yes, are listed as the owner sees them.
    pub async fn list_viewers(
        &self,
        owner: &UserId,
        node: NodeFacts<'_>,
        page: &IdPage,
        blocked: Blocked,
        freshness: &Freshness,
        mut cpu: CpuBudget,
    ) -> Result<Stamped<ViewersPage>, Error> {
        let demand = self.demand(freshness, owner);
        let range = self
            .store
            .open_chains_to_range(owner, &page.after, blocked, READ_BUDGET, self.clock.now(), &mut cpu)
            .await?;
        let Versioned { value: RecipientRange { chains, next_after }, version } = range;
        demand.check(version)?;
        let now = demand.time(self.clock.now());
        let mut viewers = cpu.run(|| viewers(&chains, node, now));
        let next = page.cut(&mut viewers, next_after, |viewer| viewer.user.to_string());
        let value = ViewersPage { viewers, next };
        Ok(Stamped { value, stamp: Some(stamp(owner, version.unwrap_or(0), now)) })
    }
}
