//! When people last used what is shared with them.

use std::collections::HashMap;

use types::Timestamp;

use super::{Store, failed};
use crate::{domain::UserId, error::Error};

impl Store {
    /// When each of `people` last used data of `owner`; without those who did not for the retention of uses.
    pub async fn last_uses<'a>(
        &self,
        owner: &UserId,
        people: impl Iterator<Item = &'a UserId>,
    ) -> Result<HashMap<UserId, Timestamp>, Error> {
        let people: Vec<_> = people.map(ToString::to_string).collect();
        let totals = self.database.usage_totals(owner.as_str(), &people, i64::MAX).await.map_err(failed)?;
        totals
            .into_iter()
            .map(|total| {
                let person = UserId::parse(total.other).map_err(|error| Error::Internal(error.into()))?;
                Ok((person, total.last_at))
            })
            .collect()
    }
}
