//! `ExplainExposure`: why a node is exposed or not.

use service::consistency::{Freshness, Stamped};

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
        freshness: &Freshness,
    ) -> Result<Stamped<Option<Explanation>>, Error> {
        let AppliedProfile { profile, stamp, .. } = self.applied_profile(user, subject, freshness).await?;
        let value = profile.map(|profile| explain(&profile.rules, profile.is_active, node));
        Ok(Stamped { value, stamp: Some(stamp) })
    }
}
