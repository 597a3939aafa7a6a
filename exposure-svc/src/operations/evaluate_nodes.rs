//! `EvaluateNodes`: which nodes an app sees.

use service::{
    consistency::Freshness,
    cpu_work::{permit_of_services, run_blocking},
};

use super::{AppliedProfile, Exposure, Subject};
use crate::{
    domain::{
        UserId,
        exposure::{CompiledProfile, NodeFacts},
    },
    error::Error,
};

/// Which nodes an app sees, at one time.
#[derive(Clone, Debug)]
pub struct NodeEvaluation {
    /// The basis of the decision.
    pub applied: AppliedProfile,
    /// `None`: nothing is exposed.
    compiled: Option<CompiledProfile>,
}

impl Exposure {
    /// Decides about `nodes` nodes of `user` for `subject`: off the async workers if they are many.
    pub async fn decide_nodes<T: Send + 'static>(
        &self,
        user: &UserId,
        subject: &Subject,
        freshness: &Freshness,
        nodes: usize,
        decide: impl FnOnce(&NodeEvaluation) -> T + Send + 'static,
    ) -> Result<(AppliedProfile, T), Error> {
        // Acquired before the profile is read, so that the profile is fresh when the work begins.
        let permit = if nodes > INLINE_NODES { Some(permit_of_services().await?) } else { None };
        let evaluation = self.evaluate_nodes(user, subject, freshness).await?;
        let Some(permit) = permit else {
            let decided = decide(&evaluation);
            return Ok((evaluation.applied, decided));
        };
        let work = move || {
            let decided = decide(&evaluation);
            (evaluation.applied, decided)
        };
        Ok(run_blocking(permit, work).await?.1)
    }

    /// The profile that decides about nodes of `user` for `subject` now. One read, whatever the number of nodes.
    async fn evaluate_nodes(
        &self,
        user: &UserId,
        subject: &Subject,
        freshness: &Freshness,
    ) -> Result<NodeEvaluation, Error> {
        let applied = self.applied_profile(user, subject, freshness).await?;
        let compiled = applied.compile();
        Ok(NodeEvaluation { applied, compiled })
    }
}

/// Nodes up to which a decision about all of them takes less than a millisecond.
const INLINE_NODES: usize = 1_500;

impl NodeEvaluation {
    /// Whether the app sees this node.
    pub fn exposes(&self, node: &NodeFacts<'_>) -> bool {
        self.compiled.as_ref().is_some_and(|profile| profile.exposes(node))
    }
}
