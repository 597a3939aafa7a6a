//! Access grants.

use anyhow::{Context, anyhow};
use types::Timestamp;

use super::instant;
use crate::{
    domain::{AppAccess, AppId, GrantId, ProfileId, Tier, UserId},
    error::Error,
    storage::entity::app_access::Model,
};

impl From<&AppAccess> for Model {
    fn from(access: &AppAccess) -> Self {
        let AppAccess { id, user, app, tier, profile, granted_at, expires_at, revoked_at, expiry_announced, version } =
            access;
        let tier = match tier {
            Tier::L1 => "L1",
            Tier::L2 => "L2",
        };
        Self {
            id: id.0,
            user_id: user.to_string(),
            app_id: app.to_string(),
            tier: tier.to_owned(),
            profile_id: profile.map(|profile| profile.0),
            granted_at: granted_at.utc(),
            expires_at: expires_at.map(Timestamp::utc),
            revoked_at: revoked_at.map(Timestamp::utc),
            expiry_announced: *expiry_announced,
            version: *version,
        }
    }
}

impl TryFrom<Model> for AppAccess {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let id = row.id;
        read(row).with_context(|| format!("the row of grant {id} cannot be read")).map_err(Error::Internal)
    }
}

fn read(row: Model) -> anyhow::Result<AppAccess> {
    let tier = match row.tier.as_str() {
        "L1" => Tier::L1,
        "L2" => Tier::L2,
        other => return Err(anyhow!("unknown tier `{other}`")),
    };
    Ok(AppAccess {
        id: GrantId(row.id),
        user: UserId::parse(row.user_id)?,
        app: AppId::parse(row.app_id)?,
        tier,
        profile: row.profile_id.map(ProfileId),
        granted_at: Timestamp::new(row.granted_at)?,
        expires_at: instant(row.expires_at)?,
        revoked_at: instant(row.revoked_at)?,
        expiry_announced: row.expiry_announced,
        version: row.version,
    })
}
