//! Generated secrets: stored in the database, so that all replicas use the same ones, also after a restart.

use anyhow::{Context, anyhow};
use persistence::Lock;
use sea_orm::{ConnectionTrait, EntityTrait, Set};

use super::{
    Store,
    entity::secret::{ActiveModel, Entity},
    failed,
};
use crate::{
    domain::{ConfirmationKey, view::PseudonymKey},
    error::Error,
};

const PSEUDONYM_KEY: &str = "pseudonym_key";
const CONFIRMATION_KEY: &str = "erasure_confirmation_key";

impl Store {
    /// The pseudonym key; the first caller creates it.
    pub async fn pseudonym_key(&self) -> Result<PseudonymKey, Error> {
        self.secret(PSEUDONYM_KEY).await.map(|secret| PseudonymKey::new(&secret))
    }

    /// The key of confirmations of erasures; the first caller creates it.
    pub async fn confirmation_key(&self) -> Result<ConfirmationKey, Error> {
        self.secret(CONFIRMATION_KEY).await.map(|secret| ConfirmationKey::new(&secret))
    }

    async fn secret(&self, name: &str) -> Result<[u8; 32], Error> {
        if let Some(secret) = stored(self.database.reader(), name).await? {
            return Ok(secret);
        }
        let change = self.database.begin(Vec::new()).await.map_err(failed)?;
        change.lock(&Lock::new("secret", name)).await.map_err(failed)?;
        if let Some(secret) = stored(change.connection(), name).await? {
            return Ok(secret);
        }
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).context("no random numbers").map_err(Error::Internal)?;
        let row = ActiveModel { name: Set(name.to_owned()), value: Set(hex::encode(secret)) };
        Entity::insert(row).exec_without_returning(change.connection()).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
        Ok(secret)
    }
}

async fn stored(connection: &impl ConnectionTrait, name: &str) -> Result<Option<[u8; 32]>, Error> {
    let row = Entity::find_by_id(name).one(connection).await.map_err(failed)?;
    row.map(|row| read(&row.value)).transpose().map_err(Error::Internal)
}

fn read(value: &str) -> anyhow::Result<[u8; 32]> {
    let mut secret = [0; 32];
    if value.len() != secret.len() * 2 {
        return Err(anyhow!("a secret has the wrong length"));
    }
    for (index, byte) in secret.iter_mut().enumerate() {
        let digits = value.get(index * 2..index * 2 + 2).context("a secret is not hexadecimal")?;
        *byte = u8::from_str_radix(digits, 16).context("a secret is not hexadecimal")?;
    }
    Ok(secret)
}
