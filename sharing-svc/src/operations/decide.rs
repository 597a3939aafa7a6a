//! Decisions off the async workers, if they take long.

use service::cpu_work::{permit_of_services, run_in_place};

use crate::{domain::access::Chain, error::Error};

/// Up to this cost a decision takes less than a millisecond: an id of a share costs 1.
const INLINE_COST: usize = 8_000;
/// The cost of a resource.
const RESOURCE: usize = 4;

/// Runs `decide` about so many resources and the shares of `chains`.
pub(super) async fn decide<'a, T>(
    chains: impl IntoIterator<Item = &'a Chain>,
    resources: usize,
    decide: impl FnOnce() -> T,
) -> Result<T, Error> {
    let ids: usize = chains.into_iter().map(|chain| 1 + chain.share().terms.scope.ids().count()).sum();
    if ids + resources * RESOURCE <= INLINE_COST {
        return Ok(decide());
    }
    Ok(run_in_place(permit_of_services().await?, decide))
}
