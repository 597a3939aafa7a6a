//! `ExplainExposure`: why a node is exposed or not.

use super::{AppliedProfile, Exposure, Subject};
use crate::{
    domain::{
        UserId,
        exposure::{Explanation, NodeFacts, explain},
    },
    error::Error,
};

impl Exposure {
    /// Every rule of the profile in order, with its value for `node`; `None`: the app has no active grant.
    pub async fn explain_exposure(
        &self,
        user: &UserId,
        subject: &Subject,
        node: &NodeFacts<'_>,
    ) -> Result<Option<Explanation>, Error> {
        let AppliedProfile { profile, .. } = self.applied_profile(user, subject).await?;
        Ok(profile.map(|profile| explain(&profile.rules, profile.is_active, node)))
    }
}
