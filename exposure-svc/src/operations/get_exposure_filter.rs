//! `GetExposureFilter`: the filter for a query on a person's nodes.

use service::consistency::Freshness;

use super::{AppliedProfile, Exposure, Subject};
use crate::{
    domain::{UserId, exposure::Predicate},
    error::Error,
};

/// Which nodes an app sees, as a predicate.
#[derive(Clone, Debug)]
pub struct ExposureFilter {
    /// The basis of the decision.
    pub applied: AppliedProfile,
    /// True of the nodes that are exposed.
    pub predicate: Predicate,
}

impl Exposure {
    /// Which of `user`'s nodes `subject` sees, now.
    pub async fn get_exposure_filter(
        &self,
        user: &UserId,
        subject: &Subject,
        freshness: &Freshness,
    ) -> Result<ExposureFilter, Error> {
        let applied = self.applied_profile(user, subject, freshness).await?;
        let predicate = match &applied.profile {
            Some(profile) => Predicate::new(&profile.rules, profile.is_active),
            None => Predicate::Nothing,
        };
        Ok(ExposureFilter { applied, predicate })
    }
}
