//! `EraseUser`: removes everything about a person. The request is recorded; upkeep carries it out.

use anyhow::anyhow;
use persistence::{VersionTable, feed::EventLimit, usage_days::OtherParty};
use service::erasure::{ErasureState, ErasureSteps, Throttle};
use types::{FieldErrors, Origin, Timestamp};

use super::{Exposure, Upkeep};
use crate::{
    domain::{AppAccess, EventKind, Profile, UserId},
    error::Error,
    storage::{StoredRows, USERS},
};

/// Rows that one change revokes, so that it holds the user's row for a short time.
const REVOKED_AT_ONCE: u64 = 100;

impl Exposure {
    /// Requests the erasure of a person, and returns the rows about them and how far it is.
    pub async fn erase_user(&self, user: String) -> Result<(StoredRows, ErasureState), Error> {
        let user = UserId::parse(user).map_err(|error| {
            let mut errors = FieldErrors::new();
            errors.add("user_id", error.to_string());
            Error::Invalid(errors)
        })?;
        let rows = self.store.of(&user).stored_rows().await?;
        // Whether it was requested is read first: with the last row about the person the request goes too.
        let erasure = match self.store.erasure_of(&user).await? {
            Some(erasure) => erasure,
            None if self.store.mentions(&user).await? => self.store.request_erasure(&user, self.clock.now()).await?,
            // Deleted, and perhaps still in the files.
            None if self.erased.contains(user.as_str()) => return Ok((StoredRows::default(), ErasureState::Revoked)),
            None => return Ok((StoredRows::default(), ErasureState::Erased)),
        };
        // It looks at every count: once is enough.
        if self.erased.add(user.as_str()) {
            self.usage.forget(user.as_str());
        }
        self.wake.notify_one();
        let state = if erasure.revoked_at.is_some() { ErasureState::Revoked } else { ErasureState::Pending };
        Ok((rows, state))
    }

    /// A confirmation with which `user` can erase themselves, and when it expires.
    pub fn request_erasure(&self, user: &UserId) -> Result<(String, Timestamp), Error> {
        let issued = self.keys.confirmations.issue(user, self.clock.now());
        issued.ok_or_else(|| Error::Internal(anyhow!("the confirmation would expire after the year 9999")))
    }

    /// Requests the erasure of `user` by themselves, with a confirmation.
    pub async fn erase_with_confirmation(&self, user: &UserId, confirmation: &str) -> Result<ErasureState, Error> {
        if !self.keys.confirmations.accepts(user, confirmation, self.clock.now()) {
            let mut errors = FieldErrors::new();
            errors.add("confirmation", "must be a confirmation of an erasure from the last hour");
            return Err(Error::Invalid(errors));
        }
        self.erase_user(user.to_string()).await.map(|(_, state)| state)
    }

    /// Refuses a change of the data of a person who is being erased.
    pub(super) fn refuse_erased(&self, user: &UserId) -> Result<(), Error> {
        if self.erased.contains(user.as_str()) { Err(Error::UserBeingErased) } else { Ok(()) }
    }
}

impl ErasureSteps for Upkeep {
    const VERSIONS: VersionTable = USERS;
    const OTHER_PARTY: OtherParty = OtherParty::App;

    async fn time(&self) -> anyhow::Result<Timestamp> {
        let Exposure { store, clock, .. } = &self.exposure;
        Ok(clock.now().min(store.server_time(clock).await?))
    }

    async fn revoke(&self, user: &str) -> anyhow::Result<usize> {
        let user = UserId::parse(user)?;
        let mut revoked = 0;
        let mut throttle = Throttle::start();
        loop {
            throttle.wait().await;
            let change = self.exposure.store.begin(&user, None, Origin::system()).await?;
            let now = self.exposure.clock.now();
            change.lock_user().await?;
            let grants = change.reads().unrevoked_grants(REVOKED_AT_ONCE).await?;
            let profiles = change.reads().active_profiles(REVOKED_AT_ONCE).await?;
            if grants.is_empty() && profiles.is_empty() {
                return Ok(revoked);
            }
            change.raise_user(now).await?;
            for grant in &grants {
                let ended = AppAccess { revoked_at: Some(now), version: grant.version + 1, ..grant.clone() };
                change.update_grant(EventKind::GrantRevoked, grant, &ended).await?;
            }
            for profile in &profiles {
                let version = profile.version + 1;
                let inactive = Profile { is_active: false, updated_at: now, version, ..profile.clone() };
                change.update(profile, &inactive, EventLimit::Exempt).await?;
            }
            change.commit(None).await?;
            revoked += grants.len() + profiles.len();
        }
    }

    async fn remove(&self, user: &str) -> anyhow::Result<()> {
        let user = UserId::parse(user)?;
        let mut throttle = Throttle::start();
        loop {
            throttle.wait().await;
            let change = self.exposure.store.begin(&user, None, Origin::system()).await?;
            change.lock_user().await?;
            let has_more = change.erase_slice().await?;
            change.commit(None).await?;
            if !has_more {
                return Ok(());
            }
        }
    }
}
