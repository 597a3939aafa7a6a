//! Consistency tokens of exposure.

use service::consistency::{ConsistencyToken, Demand, Freshness, Stamp, TokenOf};
use types::Timestamp;

use super::Exposure;
use crate::{domain::UserId, error::Error};

impl Exposure {
    /// What tokens demand of an answer about `user`.
    pub(super) fn demand(&self, freshness: &Freshness, user: &UserId) -> Demand {
        freshness.demand(TokenOf::Exposure, self.store.feed().epoch(), user.as_str())
    }

    /// The token of a stamp; empty without one.
    pub fn token(&self, stamp: Option<Stamp>) -> String {
        let token = |stamp| ConsistencyToken { of: TokenOf::Exposure, epoch: self.store.feed().epoch(), stamp };
        stamp.map(|stamp| token(stamp).to_string()).unwrap_or_default()
    }

    /// Checks that the database has every version that these tokens name. What is read afterwards is as fresh.
    pub async fn require(&self, freshness: &Freshness) -> Result<(), Error> {
        let epoch = self.store.feed().epoch();
        for user in freshness.owners(TokenOf::Exposure, epoch) {
            // A token of this service names a user.
            let Ok(id) = UserId::parse(user) else { continue };
            let version = self.store.of(&id).version().await?;
            freshness.demand(TokenOf::Exposure, epoch, user).check(version)?;
        }
        Ok(())
    }
}

/// The stamp of `user`'s data at `version`.
pub(super) fn stamp(user: &UserId, version: i64, time: Timestamp) -> Stamp {
    Stamp { owner: user.to_string(), version, time }
}
