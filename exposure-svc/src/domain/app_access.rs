//! Access grants: which app is bound to which profile, from when until when.

use types::{App, FieldErrors, FieldUpdate, Id, Timestamp};
use uuid::Uuid;

use super::{ProfileId, UserId};

/// An app.
pub type AppId = Id<App>;

/// The id of a grant; minted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantId(pub Uuid);

/// Whether an app is native or third-party.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// Native.
    L1,
    /// Third-party.
    L2,
}

/// An app bound to a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppAccess {
    /// Its id.
    pub id: GrantId,
    /// The person whose data it gives access to.
    pub user: UserId,
    /// Which app.
    pub app: AppId,
    /// Native or third-party.
    pub tier: Tier,
    /// The profile; `None`: the grant has ended, and the profile was deleted.
    pub profile: Option<ProfileId>,
    /// Since when.
    pub granted_at: Timestamp,
    /// The expiry; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was ended.
    pub revoked_at: Option<Timestamp>,
    /// Its expiry was announced as an event.
    pub expiry_announced: bool,
    /// Grows by one with every change.
    pub version: i64,
}

/// A grant as requested by the consent flow, not validated yet.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are those of the request, explained in the contract")]
pub struct AppAccessDraft {
    pub user_id: String,
    pub app_id: String,
    pub tier: Option<Tier>,
    pub profile_id: String,
    pub expires_at: Option<Timestamp>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

/// A grant that may be made, if there is such a profile.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of a grant")]
pub struct NewAppAccess {
    pub user: UserId,
    pub app: AppId,
    pub tier: Tier,
    /// As the caller wrote it.
    pub profile_id: String,
    pub expires_at: Option<Timestamp>,
}

/// The requested update of a grant.
#[derive(Clone, Debug, Default)]
pub struct AppAccessEdits {
    /// Another profile, as the caller wrote it.
    pub profile_id: Option<String>,
    /// Another end.
    pub expires_at: FieldUpdate<Timestamp>,
    /// Errors of the conversion from protobuf.
    pub unreadable: FieldErrors,
}

impl AppAccess {
    /// Whether it counts at `now`. A grant expires at the instant of its expiry, not after it.
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

impl AppAccessDraft {
    /// Checks every field on its own, for a grant made at `now`.
    pub fn parse(self, now: Timestamp) -> Result<NewAppAccess, FieldErrors> {
        let mut errors = self.unreadable;
        let user = UserId::parse(self.user_id).map_err(|error| errors.add("user_id", error.to_string())).ok();
        let app = AppId::parse(self.app_id).map_err(|error| errors.add("app_id", error.to_string())).ok();
        if self.tier.is_none() {
            errors.add_unless_known("tier", "is required");
        }
        if self.profile_id.is_empty() {
            errors.add("profile_id", "is required");
        }
        validate_expiry(self.expires_at, now, &mut errors);
        match (user, app, self.tier) {
            (Some(user), Some(app), Some(tier)) => errors.into_result(NewAppAccess {
                user,
                app,
                tier,
                profile_id: self.profile_id,
                expires_at: self.expires_at,
            }),
            _ => Err(errors),
        }
    }
}

impl AppAccessEdits {
    /// Checks every field on its own, for an update at `now`.
    pub fn check(&self, now: Timestamp) -> Result<(), FieldErrors> {
        let mut errors = self.unreadable.clone();
        if let FieldUpdate::Set(end) = &self.expires_at {
            validate_expiry(Some(*end), now, &mut errors);
        }
        errors.into_result(())
    }
}

fn validate_expiry(expires_at: Option<Timestamp>, now: Timestamp, errors: &mut FieldErrors) {
    if expires_at.is_some_and(|end| end <= now) {
        errors.add_unless_known("expires_at", "must be in the future");
    }
}

impl std::fmt::Display for GrantId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}
