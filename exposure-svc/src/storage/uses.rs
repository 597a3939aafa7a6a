//! What apps asked and saw.

use std::collections::HashMap;

use persistence::usage_days::UsageDay;
use types::Timestamp;

use super::{Store, failed};
use crate::{
    domain::{AppId, UserId},
    error::Error,
};

/// Days that the counts are of.
const DAYS: i64 = 30;

/// What an app asked and saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppUses {
    /// When it last asked.
    pub last_at: Timestamp,
    /// Nodes about which it asked in the last 30 days.
    pub asked: i64,
    /// Those of them that it was shown.
    pub shown: i64,
}

impl Store {
    /// What each of `apps` asked about `user`'s data; without those that did not within the retention of uses.
    pub async fn uses<'a>(
        &self,
        user: &UserId,
        apps: impl Iterator<Item = &'a AppId>,
        now: Timestamp,
    ) -> Result<HashMap<AppId, AppUses>, Error> {
        let apps: Vec<_> = apps.map(ToString::to_string).collect();
        let since = UsageDay::day_of(now) - DAYS + 1;
        let totals = self.database.usage_totals(user.as_str(), &apps, since).await.map_err(failed)?;
        totals
            .into_iter()
            .map(|total| {
                let app = AppId::parse(total.other).map_err(|error| Error::Internal(error.into()))?;
                Ok((app, AppUses { last_at: total.last_at, asked: total.asked, shown: total.shown }))
            })
            .collect()
    }
}
