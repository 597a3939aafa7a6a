//! The profile that applies to a request.

use service::consistency::{Freshness, Stamp};
use types::{FieldErrors, Timestamp};

use super::{Exposure, consistency::stamp, profile_named};
use crate::{
    domain::{AppId, DetailLevel, Profile, ProfileId, Transformation, UserId, exposure::CompiledProfile},
    error::Error,
};

/// Why an app that no grant speaks for sees and does nothing.
pub const NO_GRANT: &str = "the app has no access grant that counts";

/// The subject of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The one that this app's grant names.
    App(AppId),
    /// This one, as the caller wrote it.
    Profile(String),
}

/// The basis of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// No grant speaks for the app.
    NoGrant,
    /// The profile is not active.
    InactiveProfile,
    /// The rules of the profile.
    Rules,
}

/// The profile that applies to a request, at one time.
#[derive(Clone, Debug)]
pub struct AppliedProfile {
    /// `None`: the app has no active grant and sees nothing.
    pub profile: Option<Profile>,
    /// The expiry of the grant; `None`: never.
    pub valid_until: Option<Timestamp>,
    /// The user's version that it was read from, and the time of the decision.
    pub stamp: Stamp,
}

impl AppliedProfile {
    /// Its id.
    pub fn id(&self) -> Option<ProfileId> {
        self.profile.as_ref().map(|profile| profile.id)
    }

    /// The basis of its decisions.
    pub fn decided_by(&self) -> DecidedBy {
        match &self.profile {
            None => DecidedBy::NoGrant,
            Some(profile) if !profile.is_active => DecidedBy::InactiveProfile,
            Some(_) => DecidedBy::Rules,
        }
    }

    /// The compiled profile; `None`: nothing is exposed.
    pub fn compile(&self) -> Option<CompiledProfile> {
        self.profile.as_ref().map(|profile| CompiledProfile::new(&profile.rules, profile.is_active))
    }

    /// How much of an exposed node is seen; where nothing is exposed, the least.
    pub fn detail_level(&self) -> DetailLevel {
        self.profile
            .as_ref()
            .map_or(DetailLevel::Minimal, |profile| profile.rules.max_detail_level.unwrap_or(DetailLevel::Full))
    }

    /// The transformations, in order.
    pub fn transformations(&self) -> impl Iterator<Item = Transformation> {
        self.profile.iter().flat_map(|profile| profile.rules.transformations.iter().copied())
    }
}

impl Exposure {
    /// The profile that applies to `subject` of `user` now. One read.
    pub async fn applied_profile(
        &self,
        user: &UserId,
        subject: &Subject,
        freshness: &Freshness,
    ) -> Result<AppliedProfile, Error> {
        let demand = self.demand(freshness, user);
        let reads = self.store.of(user);
        let (bound, version) = match subject {
            Subject::Profile(id) => {
                let found = reads.profile_with_version(profile_named(id)?).await?;
                let (profile, version) = found.ok_or(Error::ProfileNotFound)?;
                (Some((None, profile)), version)
            }
            Subject::App(app) => {
                let mut bound = reads.profile_bound_to(app).await?;
                let mut version = None;
                if bound.is_none() {
                    // The version is read first, so it is never newer than the data.
                    version = reads.version().await?;
                    bound = reads.profile_bound_to(app).await?;
                }
                match bound {
                    Some((access, profile, version)) => (Some((Some(access), profile)), version),
                    None => (None, version),
                }
            }
        };
        demand.check(version)?;
        // When it is there: until then the grant may have ended.
        let now = demand.time(self.clock.now());
        let stamp = stamp(user, version.unwrap_or(0), now);
        Ok(match bound.filter(|(access, _)| access.as_ref().is_none_or(|access| access.is_active(now))) {
            Some((access, profile)) => {
                let valid_until = access.and_then(|access| access.expires_at);
                AppliedProfile { profile: Some(profile), valid_until, stamp }
            }
            None => AppliedProfile { profile: None, valid_until: None, stamp },
        })
    }

    /// Whether a loaded profile still applies: its grant is still active.
    pub fn still_applies(&self, applied: &AppliedProfile) -> bool {
        applied.valid_until.is_none_or(|end| end > self.clock.now())
    }
}

/// Parses the person and the app of a request.
pub fn person_and_app(user: String, app: String) -> Result<(UserId, AppId), Error> {
    let mut errors = FieldErrors::new();
    let user = UserId::parse(user).map_err(|error| errors.add("user_id", error.to_string())).ok();
    let app = AppId::parse(app).map_err(|error| errors.add("app_id", error.to_string())).ok();
    match (user, app) {
        (Some(user), Some(app)) => Ok((user, app)),
        _ => Err(Error::Invalid(errors)),
    }
}
