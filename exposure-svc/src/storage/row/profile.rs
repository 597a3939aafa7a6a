//! Profiles.

use anyhow::Context;
use types::Timestamp;

use crate::{
    domain::{Description, Profile, ProfileId, ProfileName, UserId},
    error::Error,
    storage::entity::profile::Model,
};

impl TryFrom<&Profile> for Model {
    type Error = Error;

    fn try_from(profile: &Profile) -> Result<Self, Error> {
        let Profile {
            id,
            owner,
            name,
            description,
            rules,
            formula_warnings,
            is_active,
            is_default,
            created_at,
            updated_at,
            version,
        } = profile;
        let rules = serde_json::to_value(rules).context("rules cannot be written").map_err(Error::Internal)?;
        let warnings =
            serde_json::to_value(formula_warnings).context("warnings cannot be written").map_err(Error::Internal)?;
        Ok(Self {
            id: id.0,
            user_id: owner.to_string(),
            name: name.as_str().to_owned(),
            description: description.as_ref().map(|text| text.as_str().to_owned()),
            rules,
            warnings,
            is_active: *is_active,
            is_default: *is_default,
            created_at: created_at.utc(),
            updated_at: updated_at.utc(),
            version: *version,
        })
    }
}

impl TryFrom<Model> for Profile {
    type Error = Error;

    fn try_from(row: Model) -> Result<Self, Error> {
        let id = row.id;
        read(row).with_context(|| format!("the row of profile {id} cannot be read")).map_err(Error::Internal)
    }
}

fn read(row: Model) -> anyhow::Result<Profile> {
    Ok(Profile {
        id: ProfileId(row.id),
        owner: UserId::parse(row.user_id)?,
        name: ProfileName::parse(&row.name)?,
        description: row.description.map(Description::parse).transpose()?,
        rules: serde_json::from_value(row.rules)?,
        formula_warnings: serde_json::from_value(row.warnings)?,
        is_active: row.is_active,
        is_default: row.is_default,
        created_at: Timestamp::new(row.created_at)?,
        updated_at: Timestamp::new(row.updated_at)?,
        version: row.version,
    })
}
