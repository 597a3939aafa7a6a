//! `GetAccessFilter`: the filter for a query on the owner's nodes.

use service::{consistency::Stamped, cpu_work::CpuBudget};

use super::{AccessQuestion, Sharing};
use crate::{
    domain::access::{AccessFilter, AccessSet, FilteredNodes},
    error::Error,
};

/// Ids a filter names at most: more would neither fit a message nor a query.
pub const MAX_FILTER_IDS: usize = 50_000;

impl Sharing {
    /// Which of the owner's nodes the viewer may act on now, as a predicate.
    pub async fn get_access_filter(&self, question: &AccessQuestion) -> Result<Stamped<AccessFilter>, Error> {
        if question.is_owners() {
            return Ok(Stamped { value: AccessFilter::of_owner(), stamp: None });
        }
        let mut cpu = CpuBudget::of_services();
        let (Stamped { value: chains, stamp }, now) = self.open_chains(question, &mut cpu).await?;
        let value = cpu.run(|| AccessSet::new(&chains).filter(question.action, now));
        self.count_use(question, 1, usize::from(value.nodes != FilteredNodes::Nothing));
        if value.ids() > MAX_FILTER_IDS { Err(Error::FilterTooLarge) } else { Ok(Stamped { value, stamp }) }
    }
}
