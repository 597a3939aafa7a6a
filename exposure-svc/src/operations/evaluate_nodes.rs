//! `EvaluateNodes`: which nodes an app sees.

use super::{
    AppliedProfile, Exposure, Subject,
    blocking::{permit, run_blocking},
};
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
    /// The profile that decides about nodes of `user` for `subject` now. One read, whatever the number of nodes.
    pub async fn evaluate_nodes(&self, user: &UserId, subject: &Subject) -> Result<NodeEvaluation, Error> {
        let applied = self.applied_profile(user, subject).await?;
        let compiled = applied.compile();
        Ok(NodeEvaluation { applied, compiled })
    }
}

/// Nodes up to which a decision about all of them takes less than a millisecond.
const INLINE_NODES: usize = 1_500;

impl NodeEvaluation {
    /// Runs `work` with this evaluation: off the async workers if it is about many nodes.
    pub async fn decide<T: Send + 'static>(
        &self,
        nodes: usize,
        work: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Error> {
        if nodes <= INLINE_NODES {
            return Ok(work(self));
        }
        let evaluation = self.clone();
        Ok(run_blocking(permit().await?, move || work(&evaluation)).await?.1)
    }

    /// Whether the app sees this node.
    pub fn exposes(&self, node: &NodeFacts<'_>) -> bool {
        self.compiled.as_ref().is_some_and(|profile| profile.exposes(node))
    }
}
