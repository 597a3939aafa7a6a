//! The pseudonym key: stored in the database, so that all replicas use the same one, also after a restart.

use anyhow::{Context, anyhow};
use persistence::Lock;
use sea_orm::{ConnectionTrait, EntityTrait, Set};

use super::{
    Store,
    entity::secret::{ActiveModel, Entity},
    failed,
};
use crate::{domain::view::PseudonymKey, error::Error};

const PSEUDONYM_KEY: &str = "pseudonym_key";

impl Store {
    /// The pseudonym key; the first caller creates it.
    pub async fn pseudonym_key(&self) -> Result<PseudonymKey, Error> {
        if let Some(key) = kept_key(self.database.reader()).await? {
            return Ok(key);
        }
        let change = self.database.begin(Vec::new()).await.map_err(failed)?;
        change.lock(&Lock::new("secret", PSEUDONYM_KEY)).await.map_err(failed)?;
        if let Some(key) = kept_key(change.connection()).await? {
            return Ok(key);
        }
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).context("no random numbers").map_err(Error::Internal)?;
        let row = ActiveModel { name: Set(PSEUDONYM_KEY.to_owned()), value: Set(hex::encode(secret)) };
        Entity::insert(row).exec_without_returning(change.connection()).await.map_err(failed)?;
        change.commit().await.map_err(failed)?;
        Ok(PseudonymKey::new(&secret))
    }
}

async fn kept_key(connection: &impl ConnectionTrait) -> Result<Option<PseudonymKey>, Error> {
    let row = Entity::find_by_id(PSEUDONYM_KEY).one(connection).await.map_err(failed)?;
    row.map(|row| read(&row.value)).transpose().map_err(Error::Internal)
}

fn read(value: &str) -> anyhow::Result<PseudonymKey> {
    let mut secret = [0; 32];
    if value.len() != secret.len() * 2 {
        return Err(anyhow!("the pseudonym key has the wrong length"));
    }
    for (index, byte) in secret.iter_mut().enumerate() {
        let digits = value.get(index * 2..index * 2 + 2).context("the pseudonym key is not hexadecimal")?;
        *byte = u8::from_str_radix(digits, 16).context("the pseudonym key is not hexadecimal")?;
    }
    Ok(PseudonymKey::new(&secret))
}
