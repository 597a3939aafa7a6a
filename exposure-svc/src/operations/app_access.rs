//! `GrantAppAccess`, `UpdateAppAccess`, `RevokeAppAccess`, `GetAppAccess`, `ListAppAccess`: which app is bound to which
//! profile.

use service::consistency::Stamped;
use types::{FieldErrors, Origin, Page, PageRequest, Timestamp};
use uuid::Uuid;

use super::{Exposure, person_and_app, profile_named};
use crate::{
    domain::{AppAccess, AppAccessDraft, AppAccessEdits, EventKind, GrantId, Profile, UserId},
    error::Error,
    storage::{GrantFilter, ProfileChange},
};

/// Which page of which grants.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct ListAppAccess {
    pub limit: Option<i32>,
    pub offset: Option<i64>,
    pub is_active: Option<bool>,
}

impl Exposure {
    /// Binds an app to a profile.
    pub async fn grant_app_access(
        &self,
        draft: AppAccessDraft,
        origin: Origin,
    ) -> Result<Stamped<(AppAccess, Timestamp)>, Error> {
        let now = self.clock.now();
        let asked = draft.parse(now).map_err(Error::Invalid)?;
        self.refuse_erased(&asked.user)?;
        let change = self.store.begin(&asked.user, None, origin).await?;
        change.raise_user(now).await?;
        let profile = profile_to_bind(&change, &asked.profile_id).await?;
        if let Some(standing) = change.reads().newest_grant(&asked.app).await? {
            if standing.is_active(now) {
                return Err(Error::AppAccessExists(standing.id));
            }
            end_expired(&change, &standing).await?;
        }
        let access = AppAccess {
            id: GrantId(Uuid::now_v7()),
            user: asked.user,
            app: asked.app,
            tier: asked.tier,
            profile: Some(profile.id),
            granted_at: now,
            expires_at: asked.expires_at,
            revoked_at: None,
            expiry_announced: false,
            version: 1,
        };
        change.insert_grant(&access).await?;
        let stamp = change.stamp();
        change.commit(None).await?;
        Ok(Stamped { value: (access, now), stamp })
    }

    /// Swaps the profile of a live grant, or moves its end.
    pub async fn update_app_access(
        &self,
        user: String,
        app: String,
        edits: AppAccessEdits,
        origin: Origin,
    ) -> Result<Stamped<(AppAccess, Timestamp)>, Error> {
        let Stamped { value: (access, _, now), stamp } = self.change_app_access(user, app, edits, origin).await?;
        Ok(Stamped { value: (access, now), stamp })
    }

    /// The same, with the profile that the edits name. A change to what is there already changes nothing.
    pub(super) async fn change_app_access(
        &self,
        user: String,
        app: String,
        edits: AppAccessEdits,
        origin: Origin,
    ) -> Result<Stamped<(AppAccess, Option<Profile>, Timestamp)>, Error> {
        let now = self.clock.now();
        let (user, app) = person_and_app(user, app)?;
        edits.check(now).map_err(Error::Invalid)?;
        self.refuse_erased(&user)?;
        let change = self.store.begin(&user, None, origin).await?;
        change.lock_user().await?;
        // Under the lock: the grant may have expired while this change waited.
        let now = self.clock.now();
        change.raise_user(now).await?;
        let standing = change.reads().newest_grant(&app).await?.filter(|access| access.is_active(now));
        let standing = standing.ok_or(Error::AppAccessNotFound)?;
        let named = match edits.profile_id {
            Some(profile) => Some(profile_to_bind(&change, &profile).await?),
            None => None,
        };
        let profile = named.as_ref().map(|profile| profile.id).or(standing.profile);
        let expires_at = edits.expires_at.over(standing.expires_at);
        if (profile, expires_at) == (standing.profile, standing.expires_at) {
            // The version is not raised: the change is not committed.
            return Ok(Stamped { value: (standing, named, now), stamp: change.stamp_before() });
        }
        let expiry_announced = standing.expiry_announced && expires_at == standing.expires_at;
        let updated =
            AppAccess { profile, expires_at, expiry_announced, version: standing.version + 1, ..standing.clone() };
        change.update_grant(EventKind::GrantUpdated, &standing, &updated).await?;
        let stamp = change.stamp();
        change.commit(None).await?;
        Ok(Stamped { value: (updated, named, now), stamp })
    }

    /// Revokes a grant; `None`: the app never had one.
    pub async fn revoke_app_access(
        &self,
        user: String,
        app: String,
        origin: Origin,
    ) -> Result<Stamped<Option<(AppAccess, Timestamp)>>, Error> {
        let now = self.clock.now();
        let (user, app) = person_and_app(user, app)?;
        let change = self.store.begin(&user, None, origin).await?;
        change.raise_user(now).await?;
        let Some(standing) = change.reads().newest_grant(&app).await? else {
            return Ok(Stamped { value: None, stamp: None });
        };
        if standing.revoked_at.is_some() {
            return Ok(Stamped { value: Some((standing, now)), stamp: change.stamp_before() });
        }
        let revoked = AppAccess { revoked_at: Some(now), version: standing.version + 1, ..standing.clone() };
        change.update_grant(EventKind::GrantRevoked, &standing, &revoked).await?;
        let stamp = change.stamp();
        change.commit(None).await?;
        Ok(Stamped { value: Some((revoked, now)), stamp })
    }

    /// The newest grant of an app, ended or not.
    pub async fn get_app_access(&self, user: String, app: String) -> Result<(AppAccess, Timestamp), Error> {
        let (user, app) = person_and_app(user, app)?;
        let access = self.store.of(&user).newest_grant(&app).await?.ok_or(Error::AppAccessNotFound)?;
        Ok((access, self.clock.now()))
    }

    /// The grants to a person's data, newest first.
    pub async fn list_app_access(
        &self,
        user: String,
        list: ListAppAccess,
    ) -> Result<(Page<AppAccess>, Timestamp), Error> {
        let mut errors = FieldErrors::new();
        let page = PageRequest::parse(list.limit, list.offset, &mut errors);
        let user = UserId::parse(user).map_err(|error| errors.add("user_id", error.to_string())).ok();
        let (Some(user), true) = (user, errors.is_empty()) else { return Err(Error::Invalid(errors)) };
        let filter = match list.is_active {
            None => GrantFilter::Any,
            Some(true) => GrantFilter::Active,
            Some(false) => GrantFilter::Ended,
        };
        let now = self.clock.now();
        Ok((self.store.of(&user).grants(filter, now, page).await?, now))
    }
}

async fn profile_to_bind(change: &ProfileChange, profile: &str) -> Result<Profile, Error> {
    change.reads().profile(profile_named(profile)?).await?.ok_or(Error::ProfileNotFound)
}

/// Ends an expired grant at its expiry: only one grant may be open, active or expired.
async fn end_expired(change: &ProfileChange, standing: &AppAccess) -> Result<(), Error> {
    if standing.revoked_at.is_some() {
        return Ok(());
    }
    let kind = if standing.expiry_announced { EventKind::GrantUpdated } else { EventKind::GrantExpired };
    let version = standing.version + 1;
    let ended = AppAccess { revoked_at: standing.expires_at, expiry_announced: true, version, ..standing.clone() };
    change.update_grant(kind, standing, &ended).await
}
